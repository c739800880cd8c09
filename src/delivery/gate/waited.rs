//! What an attempt waited for, and for how long: of several things the one that took longest. It is told the time.

use std::time::Duration;

use crate::telemetry::{Constraint, Times};

/// The account of one wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Waited {
    times: Times,
    now: Option<(Constraint, Duration)>,
}

/// A wait that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::delivery) struct Waits {
    /// What it was for most
    pub(in crate::delivery) longest: Constraint,
    /// How long it was in all
    pub(in crate::delivery) total: Duration,
    /// The same by what it was for
    pub(in crate::delivery) times: Times,
}

impl Waited {
    /// From `now` on it waits for `constraint`; for `None`, for what it did.
    pub(super) fn look(&mut self, constraint: Option<Constraint>, now: Duration) {
        let before = self.now.map(|(constraint, _)| constraint);
        self.settle(now);
        self.now = constraint.or(before).map(|constraint| (constraint, now));
    }

    fn settle(&mut self, now: Duration) {
        if let Some((constraint, since)) = self.now
            && let Some(time) = self.times.get_mut(constraint.index())
        {
            *time = time.saturating_add(now.saturating_sub(since));
        }
    }

    /// What it waited for, if it did. Boxed, since most attempts do not.
    pub(super) fn end(mut self, now: Duration) -> Option<Box<Waits>> {
        self.now?;
        self.settle(now);
        let all = Constraint::ALL.into_iter().zip(self.times);
        let (longest, time) = all.max_by_key(|(_, time)| *time)?;
        let total = self.times.iter().fold(Duration::ZERO, |sum, time| sum.saturating_add(*time));
        (!time.is_zero()).then(|| Box::new(Waits { longest, total, times: self.times }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_waits_the_longest_is_named_and_all_are_counted() {
        let at = Duration::from_secs;
        let mut waited = Waited::default();
        waited.look(Some(Constraint::Concurrency), at(1));
        waited.look(Some(Constraint::Pause), at(2));
        waited.look(None, at(5));
        waited.look(Some(Constraint::Rate), at(6));
        let waits = waited.end(at(8)).expect("it waited");
        assert_eq!((waits.longest, waits.total), (Constraint::Pause, at(7)));
        let time = |constraint: Constraint| waits.times[constraint.index()];
        let each = [Constraint::Concurrency, Constraint::Pause, Constraint::Rate].map(time);
        assert_eq!(each, [at(1), at(4), at(2)]);
        assert_eq!(Waited::default().end(at(1)), None);
    }
}
