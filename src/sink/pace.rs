//! How fast events end, measured over the last minute of work. It is told the time.

use std::collections::VecDeque;
use std::time::Duration;

/// How often a measurement is noted.
const EVERY: Duration = Duration::from_secs(1);

/// How far back they reach.
const SPAN: Duration = Duration::from_secs(60);

/// The measurements: when, how many had left the window by then, and how many had ended in all.
#[derive(Debug, Default)]
pub(super) struct Meter {
    samples: VecDeque<(Duration, u64, u64)>,
}

/// How fast events end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Events a second that were inside, and ended
    pub delivered: f64,
    /// Events a second that ended, those included that nothing was sent for
    pub ended: f64,
}

impl Meter {
    /// Notes where things stand, at most once a second.
    pub(super) fn note(&mut self, now: Duration, left: u64, ended: u64) {
        let newest = self.samples.back().map(|(at, ..)| at.saturating_add(EVERY));
        if newest.is_none_or(|next| next <= now) {
            self.samples.push_back((now, left, ended));
        }
        while self.samples.get(1).is_some_and(|(at, ..)| now.saturating_sub(*at) >= SPAN) {
            self.samples.pop_front();
        }
    }

    /// There is no work: the next measurement begins anew.
    pub(super) fn rest(&mut self) {
        self.samples.clear();
    }

    /// The pace, once there has been work for a second.
    pub(super) fn pace(&self, now: Duration, left: u64, ended: u64) -> Option<Pace> {
        let (since, left_then, ended_then) = *self.samples.front()?;
        let time = now.checked_sub(since).filter(|time| *time >= EVERY)?.as_secs_f64();
        let per_second = |count: u64| crate::telemetry::bytes(count) / time;
        Some(Pace {
            delivered: per_second(left.saturating_sub(left_then)),
            ended: per_second(ended.saturating_sub(ended_then)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_minute_counts_and_a_rest_begins_anew() {
        let at = Duration::from_secs;
        let mut meter = Meter::default();
        meter.note(at(0), 0, 0);
        assert_eq!(meter.pace(at(0), 9, 9), None);
        for second in 1..=100 {
            meter.note(at(second), 1000 + 5 * second, 1000 + 10 * second);
        }
        assert_eq!(meter.pace(at(100), 1500, 2000), Some(Pace { delivered: 5.0, ended: 10.0 }));
        assert!(meter.samples.len() <= 62);
        meter.rest();
        assert_eq!(meter.pace(at(101), 1500, 2000), None);
    }
}
