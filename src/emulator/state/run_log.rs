//! The run log: runs by number, by id and by what cancels them, and the cancels that are yet to come. Bounded, the oldest goes
//! first.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use super::super::retention::{Limits, Recent};
use super::runs::{Run, StartedBy};

/// Runs by number, by id and by what cancels them.
#[derive(Debug)]
pub(in super::super) struct Runs {
    recent: Recent<Run>,
    by_id: BTreeMap<Arc<str>, u64>,
    by_token: BTreeSet<(Arc<str>, u64)>,
    /// By when they end.
    by_end: BTreeSet<(Duration, u64)>,
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
            by_end: BTreeSet::new(),
            expected: BTreeSet::new(),
        }
    }

    /// How many there ever were.
    pub(in super::super) fn next(&self) -> u64 {
        self.recent.next()
    }

    /// Which run ended last by then, and when: what changes as time goes by, without a request.
    pub(in super::super) fn ended_last(&self, now: Duration) -> Option<(Duration, u64)> {
        self.by_end.range(..=(now, u64::MAX)).next_back().copied()
    }

    pub(in super::super) fn push(&mut self, run: Run) {
        let number = self.recent.next();
        self.by_id.insert(Arc::from(run.run_id.as_str()), number);
        if let Some(token) = &run.cancelation_token {
            self.by_token.insert((Arc::from(token.as_str()), number));
        }
        self.by_end.insert((run.ends, number));
        let bytes = run.bytes();
        let forgotten = self.recent.push(run, bytes);
        for run in forgotten {
            let Some(number) = self.by_id.remove(run.run_id.as_str()) else {
                continue;
            };
            self.by_end.remove(&(run.ends, number));
            if let Some(token) = run.cancelation_token {
                self.by_token.remove(&(Arc::from(token), number));
            }
        }
    }

    pub(in super::super) fn get(&self, run_id: &str) -> Option<&Run> {
        self.recent.get(*self.by_id.get(run_id)?)
    }

    /// The runs that a request started, oldest first; those that they started themselves left out.
    pub(in super::super) fn of_request(&self, sequence: u64) -> impl Iterator<Item = &Run> {
        let later = self.recent.past(move |run| run.request < sequence);
        let all = later.take_while(move |run| run.request == sequence);
        all.filter(|run| !matches!(run.started_by, StartedBy::Run(_)))
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
        let number = *self.by_id.get(run_id)?;
        let messages = self.stop(number, now);
        Some((self.recent.get(number)?, messages))
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
            messages.extend(self.stop(entry.1, at));
            // What is over needs to be found no more. What is to be cancelled later may be cancelled before that.
            if self.recent.get(entry.1).is_some_and(|run| run.is_over(now)) {
                self.by_token.remove(&entry);
            }
        }
        messages
    }

    /// Stops a run as of a time, and notes when it ends now; gives the messages that are not to be sent.
    fn stop(&mut self, number: u64, at: Duration) -> Vec<String> {
        let Some(run) = self.recent.get_mut(number) else {
            return Vec::new();
        };
        self.by_end.remove(&(run.ends, number));
        let messages = run.cancel(at);
        self.by_end.insert((run.ends, number));
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
mod tests;
