//! What an attempt waited for, and for how long: of several things the one that took longest. It is told the time.

use std::time::Duration;

use crate::telemetry::Constraint;

/// The account of one wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Waited {
    times: [Duration; Constraint::ALL.len()],
    now: Option<(Constraint, Duration)>,
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

    /// What it waited for most, and how long it waited for everything.
    pub(super) fn end(mut self, now: Duration) -> Option<(Constraint, Duration)> {
        // Most attempts have waited for nothing.
        self.now?;
        self.settle(now);
        let all = Constraint::ALL.into_iter().zip(self.times);
        let (constraint, longest) = all.max_by_key(|(_, time)| *time)?;
        let total = self.times.iter().fold(Duration::ZERO, |sum, time| sum.saturating_add(*time));
        (!longest.is_zero()).then_some((constraint, total))
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
        assert_eq!(waited.end(at(8)), Some((Constraint::Pause, at(7))));
        assert_eq!(Waited::default().end(at(1)), None);
    }
}
