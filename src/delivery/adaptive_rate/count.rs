//! What was admitted and what got through, and since when, as arithmetic.

use std::time::Duration;

/// A pause shorter than this part of the time since the last one belongs to the client's manners, not to the limit.
const SHORT_PAUSE: u32 = 5;

/// What happened in one round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    pub(super) since: Option<Duration>,
    pub(super) admitted: u32,
    pub(super) passed: u32,
}

/// What happened since the last pause, or the last large step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    pub(super) whole: Count,
    /// Since the rest at the measured limit ended
    pub(super) climb: Option<Count>,
    pub(super) rounds: u32,
    /// Whether less was sent than was allowed, so that what got through is no measure of the limit
    pub(super) slack: bool,
}

/// What got through since a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) since: Option<Duration>,
    pub(super) passed: u32,
}

impl Run {
    pub(super) fn from(now: Duration) -> Self {
        Self { whole: Count::from(now), ..Self::default() }
    }

    pub(super) fn count(&mut self) {
        let Self { whole, climb, .. } = self;
        for count in std::iter::once(whole).chain(climb) {
            count.passed = count.passed.saturating_add(1);
        }
    }

    /// Whether that pause is a good part of the time since the one before.
    pub(super) fn is_long(&self, now: Duration, pause: Duration) -> bool {
        let whole = now.saturating_sub(self.whole.since.unwrap_or(now));
        pause > whole / SHORT_PAUSE
    }

    /// What got through per second, given the pause that ends now: long ones belong to the time it took.
    pub(super) fn per_second(&self, now: Duration, pause: Duration) -> Option<f64> {
        if self.is_long(now, pause) {
            return per_second(self.whole.passed, now.saturating_sub(self.whole.since?));
        }
        let Count { since, passed } = self.climb.unwrap_or(self.whole);
        per_second(passed, now.saturating_sub(since?).saturating_sub(pause))
    }
}

impl Count {
    pub(super) fn from(now: Duration) -> Self {
        Self { since: Some(now), passed: 0 }
    }
}

/// So many in so long a time, unless there was no time.
pub(super) fn per_second(count: u32, elapsed: Duration) -> Option<f64> {
    let rate = f64::from(count) / elapsed.as_secs_f64();
    rate.is_finite().then_some(rate)
}
