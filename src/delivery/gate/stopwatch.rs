//! How long a class has been free to go: a stopwatch that stands still under a hold and while the class is paused. It is
//! told the time, and what makes it stand still.

use std::time::Duration;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stopwatch {
    /// What it showed when something last changed, and when that was
    shown: Duration,
    since: Duration,
}

/// What makes a stopwatch stand still, between two changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    pub(super) is_held: bool,
    pub(super) paused_until: Duration,
}

impl Stopwatch {
    /// What it shows.
    pub(super) fn read(self, rest: Rest, now: Duration) -> Duration {
        if rest.is_held {
            return self.shown;
        }
        let runs_since = self.since.max(rest.paused_until);
        self.shown.saturating_add(now.saturating_sub(runs_since))
    }

    /// When it will show `reading`; `None` while nobody knows.
    pub(super) fn shows_at(self, rest: Rest, reading: Duration) -> Option<Duration> {
        let runs_since = self.since.max(rest.paused_until);
        let left = reading.saturating_sub(self.shown);
        (!rest.is_held).then(|| runs_since.saturating_add(left))
    }

    /// From `now` on something else may make it stand still; until now it was `rest`.
    pub(super) fn mark(&mut self, rest: Rest, now: Duration) {
        *self = Self { shown: self.read(rest, now), since: now };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn rest(is_held: bool, paused_until: u64) -> Rest {
        Rest { is_held, paused_until: seconds(paused_until) }
    }

    #[test]
    fn it_runs_unless_there_is_a_hold_or_a_pause_and_counts_neither_twice() {
        let mut watch = Stopwatch::default();
        assert_eq!(watch.read(rest(false, 0), seconds(5)), seconds(5));
        watch.mark(rest(false, 0), seconds(5));
        // Paused until 20, held from 10 to 15.
        assert_eq!(watch.read(rest(false, 20), seconds(10)), seconds(5));
        watch.mark(rest(false, 20), seconds(10));
        assert_eq!(watch.read(rest(true, 20), seconds(15)), seconds(5));
        assert_eq!(watch.shows_at(rest(true, 20), seconds(6)), None);
        watch.mark(rest(true, 20), seconds(15));
        assert_eq!(watch.read(rest(false, 20), seconds(20)), seconds(5));
        assert_eq!(watch.read(rest(false, 20), seconds(27)), seconds(12));
        assert_eq!(watch.shows_at(rest(false, 20), seconds(12)), Some(seconds(27)));
    }

    #[test]
    fn a_pause_without_an_end_does_not_overflow() {
        let watch = Stopwatch::default();
        let forever = Rest { is_held: false, paused_until: Duration::MAX };
        assert_eq!(watch.read(forever, seconds(9)), Duration::ZERO);
        assert_eq!(watch.shows_at(forever, seconds(1)), Some(Duration::MAX));
    }
}
