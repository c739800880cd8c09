//! How long events may still wait: what is known of those inside, and the estimate it allows of those behind them. Pure.

use std::time::Duration;

use super::pace::Pace;
use crate::telemetry::{bytes, number};

/// The most events that stand for all that are inside.
pub(super) const SAMPLE: usize = 100;

/// How long an event may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// So long from now, wherever it waits: it says since when it has been on its way
    Since(Duration),
    /// So long from when it comes in: it says nothing
    Inside(Duration),
}

/// How long the events inside may wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lifetimes {
    /// The part of those that are past the batch that have a limit, from 0 to 1
    pub limited: f64,
    /// A hundred of these or fewer, evenly taken
    pub sample: Vec<Life>,
}

/// Events that wait behind those inside, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// How many come before them, those inside left out
    pub after: u64,
    /// How many they are
    pub events: u64,
    /// How much later than the first of them the last came, and evenly those between
    pub spread: Duration,
}

impl Lifetimes {
    /// About how many of those `behind` become too old before their turn at `pace`, if they are like those inside, of which
    /// there are so many. Under a hold the pace is none.
    pub fn expiring(&self, inside: usize, behind: Behind, pace: Pace) -> f64 {
        let inside = number(inside) / pace.delivered;
        let late: f64 = self.sample.iter().map(|life| late(*life, inside, behind, pace)).sum();
        late * self.limited / number(self.sample.len().max(1))
    }
}

/// How many of those `behind` are late if all of them have this lifetime, and those inside take so many seconds.
fn late(lifetime: Life, inside: f64, behind: Behind, pace: Pace) -> f64 {
    let events = bytes(behind.events);
    let left = match lifetime {
        Life::Since(left) => left.as_secs_f64(),
        // It grows older only inside, where the next take the place of those that are too old.
        Life::Inside(limit) if inside <= limit.as_secs_f64() => return 0.0,
        Life::Inside(_) => return events,
    };
    // The first is late by so much, and each by so much more than the one before it; by less where they go faster than
    // they came.
    let first = inside + bytes(behind.after) / pace.ended - left;
    let more = 1.0 / pace.ended - behind.spread.as_secs_f64() / events.max(1.0);
    if !first.is_finite() || !more.is_finite() {
        return events;
    }
    match (first > 0.0, first + more * events > 0.0) {
        (true, true) => events,
        (false, false) => 0.0,
        (true, false) => (first / -more).min(events),
        (false, true) => (events + first / more).max(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Pace = Pace { delivered: 10.0, ended: 10.0 };
    const NONE: Pace = Pace { delivered: 0.0, ended: 0.0 };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Of a hundred inside, all alike.
    fn alike(lifetime: Life) -> Lifetimes {
        Lifetimes { limited: 1.0, sample: vec![lifetime] }
    }

    fn behind(events: u64) -> Behind {
        Behind { events, ..Behind::default() }
    }

    #[track_caller]
    fn about(lifetimes: &Lifetimes, behind: Behind, pace: Pace, expected: f64) {
        let found = lifetimes.expiring(100, behind, pace);
        assert!((found - expected).abs() <= 1.0, "{found}, expected {expected}");
    }

    #[test]
    fn those_are_late_whose_turn_comes_after_their_time() {
        let lifetimes = alike(Life::Since(seconds(60)));
        // Ten seconds for those inside, and fifty for the next five hundred.
        about(&lifetimes, behind(500), TEN, 0.0);
        about(&lifetimes, behind(800), TEN, 300.0);
        about(&lifetimes, Behind { after: 300, ..behind(500) }, TEN, 300.0);
        about(&lifetimes, Behind { after: 900, ..behind(500) }, TEN, 500.0);
        about(&lifetimes, behind(500), NONE, 500.0);
    }

    #[test]
    fn those_that_came_later_have_more_time() {
        let lifetimes = alike(Life::Since(seconds(60)));
        // A thousand take a hundred seconds; the last of them came so much later.
        about(&lifetimes, Behind { spread: seconds(100), ..behind(1000) }, TEN, 0.0);
        // Each waits a tenth of a second longer than the one before it, and came a fortieth later.
        about(
            &lifetimes,
            Behind { spread: seconds(50), ..behind(2000) },
            TEN,
            2000.0 - 50.0 / 0.075,
        );
        // They are late at first, and go faster than they came.
        let old = alike(Life::Since(seconds(5)));
        about(&old, Behind { spread: seconds(300), ..behind(1000) }, TEN, 5.0 / 0.2);
    }

    #[test]
    fn what_says_nothing_of_its_age_is_late_only_where_those_inside_are() {
        about(&alike(Life::Inside(seconds(11))), behind(900), TEN, 0.0);
        about(&alike(Life::Inside(seconds(9))), behind(900), TEN, 900.0);
        about(&alike(Life::Inside(seconds(9))), behind(900), NONE, 900.0);
    }

    #[test]
    fn they_are_taken_to_be_like_those_inside() {
        let sample = vec![Life::Since(seconds(1)), Life::Since(seconds(1000))];
        let lifetimes = Lifetimes { limited: 0.4, sample };
        about(&lifetimes, behind(500), TEN, 100.0);
        about(&Lifetimes::default(), behind(500), NONE, 0.0);
    }
}
