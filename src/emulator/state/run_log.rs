//! The run log: runs by number, by id and by what cancels them, and the cancels that are yet to come. Bounded, the oldest goes
//! first.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use super::super::retention::{Limits, Recent};
use super::runs::Run;

/// Runs by number, by id and by what cancels them.
#[derive(Debug)]
pub(in super::super) struct Runs {
    recent: Recent<Run>,
    by_id: BTreeMap<Arc<str>, u64>,
    by_token: BTreeSet<(Arc<str>, u64)>,
    /// Cancels that are due later, by token.
    expected: BTreeSet<(Arc<str>, Duration)>,
}

/// Security: each is a token that somebody sent, and is kept until it is due.
const MOST_EXPECTED: usize = 10_000;

impl Runs {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self {
            recent: Recent::new(limits),
            by_id: BTreeMap::new(),
            by_token: BTreeSet::new(),
            expected: BTreeSet::new(),
        }
    }

    /// How many there ever were.
    pub(in super::super) fn next(&self) -> u64 {
        self.recent.next()
    }

    pub(in super::super) fn push(&mut self, run: Run) {
        let number = self.recent.next();
        self.by_id.insert(Arc::from(run.run_id.as_str()), number);
        if let Some(token) = &run.cancelation_token {
            self.by_token.insert((Arc::from(token.as_str()), number));
        }
        let bytes = run.bytes();
        let forgotten = self.recent.push(run, bytes);
        for run in forgotten {
            let number = self.by_id.remove(run.run_id.as_str());
            if let (Some(token), Some(number)) = (run.cancelation_token, number) {
                self.by_token.remove(&(Arc::from(token), number));
            }
        }
    }

    pub(in super::super) fn get(&self, run_id: &str) -> Option<&Run> {
        self.recent.get(*self.by_id.get(run_id)?)
    }

    /// The runs before the one of this id, or all; newest first.
    pub(in super::super) fn newest(&self, before: Option<&str>) -> impl Iterator<Item = &Run> {
        let number = match before {
            Some(run_id) => self.by_id.get(run_id).copied().unwrap_or(0),
            None => u64::MAX,
        };
        self.recent.before(number).map(|(_, run)| run)
    }

    /// Stops a run that has not ended; gives it as it then is, and the messages that are not to be sent.
    pub(in super::super) fn cancel(
        &mut self,
        run_id: &str,
        now: Duration,
    ) -> Option<(&Run, Vec<String>)> {
        let run = self.recent.get_mut(*self.by_id.get(run_id)?)?;
        let messages = run.cancel(now);
        Some((run, messages))
    }

    /// How many runs a cancel of this token looks at.
    pub(in super::super) fn count(&self, token: &str) -> usize {
        self.with_token(token).count()
    }

    /// Stops all runs with a token as of a time, those that have started and not ended by then; gives the messages that are
    /// not to be sent.
    pub(in super::super) fn cancel_all(
        &mut self,
        token: &str,
        at: Duration,
        now: Duration,
    ) -> Vec<String> {
        let known: Vec<_> = self.with_token(token).cloned().collect();
        let mut messages = Vec::new();
        for entry in known {
            let Some(run) = self.recent.get_mut(entry.1) else {
                continue;
            };
            messages.extend(run.cancel(at));
            // What is over needs to be found no more. What is to be cancelled later may be cancelled before that.
            if run.is_over(now) {
                self.by_token.remove(&entry);
            }
        }
        messages
    }

    /// Notes a cancel that is due later than now, for the runs that start until then; false where there are too many.
    pub(in super::super) fn expect_cancel(
        &mut self,
        token: &str,
        at: Duration,
        now: Duration,
    ) -> bool {
        if self.expected.len() >= MOST_EXPECTED {
            self.expected.retain(|(_, at)| *at > now);
        }
        self.expected.len() < MOST_EXPECTED && {
            self.expected.insert((Arc::from(token), at));
            true
        }
    }

    /// When a run that starts at a time with this token is going to be cancelled, as far as is known by then.
    pub(in super::super) fn expected_cancel(
        &self,
        token: &str,
        begins: Duration,
    ) -> Option<Duration> {
        let mut later = self.expected.range((Excluded((Arc::from(token), begins)), Unbounded));
        later.next().filter(|(found, _)| **found == *token).map(|(_, at)| *at)
    }

    fn with_token(&self, token: &str) -> impl Iterator<Item = &(Arc<str>, u64)> {
        let known = self.by_token.range((Arc::from(token), 0)..);
        known.take_while(move |(found, _)| **found == *token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancels_yet_to_come_are_bounded_and_those_that_have_come_make_room() {
        let mut runs = Runs::new(Limits { entries: 1, bytes: usize::MAX });
        let secs = Duration::from_secs;
        for number in 0..MOST_EXPECTED {
            assert!(runs.expect_cancel(&number.to_string(), secs(10), secs(0)));
        }
        assert!(!runs.expect_cancel("z", secs(20), secs(9)));
        assert!(runs.expect_cancel("z", secs(20), secs(10)));
        assert_eq!(runs.expected.len(), 1);
    }

    #[test]
    fn the_first_cancel_after_a_runs_begin_is_the_one_it_expects() {
        let mut runs = Runs::new(Limits { entries: 1, bytes: usize::MAX });
        let secs = Duration::from_secs;
        for (token, at) in [("a", 30), ("z", 20), ("z", 10), ("zz", 15)] {
            runs.expect_cancel(token, secs(at), secs(0));
        }
        let expected = |begins| runs.expected_cancel("z", secs(begins));
        assert_eq!(
            (expected(0), expected(10), expected(20)),
            (Some(secs(10)), Some(secs(20)), None)
        );
    }
}
