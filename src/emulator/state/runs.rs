//! The run log: what each invocation did, step by step, with the values its steps had.
//!
//! A run is carried out at once, delays included: they are noted, and what comes after them is done as if they were over.
//! But a run counts as waiting until they would be, so that a cancel in time still stops it: its messages that would
//! not have been sent by then are cancelled. What had written to a profile stays written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::retention::{Limits, Recent, value_weight};
use super::records::{InboundKind, Source};

/// One run of an automation or a journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id, as the invocation was answered.
    pub run_id: String,
    /// What was started.
    pub source: Source,
    /// By what.
    pub started_by: StartedBy,
    /// The request that started it, by its place in the log: also where another run did, since all are done at once.
    pub request: u64,
    /// Whom it is for.
    pub recipient: Option<String>,
    /// What `refs.…` reads: `data`, `profile`, `recipient`, `brand`, `template`.
    pub context: Value,
    /// What cancels it.
    pub cancelation_token: Option<String>,
    /// Its steps in order; none where it is not known which there are: a template nobody wrote here, or a journey.
    pub steps: Vec<RunStep>,
    /// How it ended, were there no delays. Ask [`Run::status`] how it stands.
    pub outcome: RunStatus,
    /// When it started, since the Unix epoch.
    pub created: Duration,
    /// When its delays are over, since the Unix epoch; the same where there are none.
    pub ends: Duration,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStep {
    /// Its id.
    pub step_id: String,
    /// Its `action`.
    pub action: String,
    /// What became of it.
    pub status: StepStatus,
    /// The step with its references resolved.
    pub resolved: Value,
    /// References that led nowhere; `null` stands in their place.
    pub unresolved: Vec<String>,
    /// What is to be said about it: why it failed, or that it was recorded only.
    pub note: Option<String>,
    /// The message it sent.
    pub message_id: Option<String>,
    /// The run it started.
    pub run_id: Option<String>,
    /// When it is due, delays before it included, since the Unix epoch.
    pub at: Duration,
}

/// What started a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartedBy {
    /// A request to invoke it.
    Invoke,
    /// An event, linked to it or naming it: the way it came in, and `track/NAME`, `identify` or `group`.
    Event(InboundKind, String),
    /// The `invoke` step of the run of this id.
    Run(String),
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// It is not known what it consists of, so it never ends by itself.
    Processing,
    /// Its delays are not over.
    Waiting,
    /// All was done.
    Processed,
    /// It was cancelled before it ended.
    Canceled,
    /// A step could not be done.
    Error,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// Done, or recorded where that is all that is done.
    Processed,
    /// Its `if` was false, or a step before it failed.
    NotProcessed,
    /// Its run was cancelled before it was due.
    Canceled,
    /// It could not be done.
    Error,
}

impl RunStatus {
    /// Courier's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Waiting => "WAITING",
            Self::Processed => "PROCESSED",
            Self::Canceled => "CANCELED",
            Self::Error => "ERROR",
        }
    }
}

impl StepStatus {
    /// Courier's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processed => "PROCESSED",
            Self::NotProcessed => "NOT PROCESSED",
            Self::Canceled => "CANCELED",
            Self::Error => "ERROR",
        }
    }
}

impl Run {
    /// How it stands at a time since the Unix epoch.
    pub fn status(&self, now: Duration) -> RunStatus {
        let waits = self.outcome == RunStatus::Processed && now < self.ends;
        if waits { RunStatus::Waiting } else { self.outcome }
    }

    /// Stops it, if it has not ended: gives the messages that are not to be sent.
    fn cancel(&mut self, now: Duration) -> Vec<String> {
        if !matches!(self.status(now), RunStatus::Processing | RunStatus::Waiting) {
            return Vec::new();
        }
        self.outcome = RunStatus::Canceled;
        self.ends = now;
        let due = self.steps.iter_mut().filter(|step| step.at > now);
        due.filter(|step| step.status == StepStatus::Processed)
            .filter_map(|step| {
                step.status = StepStatus::Canceled;
                step.message_id.clone()
            })
            .collect()
    }

    fn bytes(&self) -> usize {
        let steps =
            self.steps.iter().map(|step| size_of::<RunStep>() + value_weight(&step.resolved));
        size_of::<Self>() + value_weight(&self.context) + steps.sum::<usize>()
    }
}

/// Runs by number, by id and by what cancels them.
#[derive(Debug)]
pub(in super::super) struct Runs {
    recent: Recent<Run>,
    by_id: BTreeMap<Arc<str>, u64>,
    by_token: BTreeSet<(Arc<str>, u64)>,
    /// By when they end.
    by_end: BTreeSet<(Duration, u64)>,
}

impl Runs {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self {
            recent: Recent::new(limits),
            by_id: BTreeMap::new(),
            by_token: BTreeSet::new(),
            by_end: BTreeSet::new(),
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

    /// Stops all runs with a token that have not ended; gives the messages that are not to be sent.
    pub(in super::super) fn cancel_all(&mut self, token: &str, now: Duration) -> Vec<String> {
        let first = (Arc::from(token), 0);
        let known = self.by_token.range(first..).take_while(|(found, _)| **found == *token);
        let known: Vec<_> = known.cloned().collect();
        let mut messages = Vec::new();
        for entry in known {
            // Whatever its state was, it is over now, so the token finds it no more.
            self.by_token.remove(&entry);
            messages.extend(self.stop(entry.1, now));
        }
        messages
    }

    /// Stops a run that has not ended, and notes when it does now; gives the messages that are not to be sent.
    fn stop(&mut self, number: u64, now: Duration) -> Vec<String> {
        let Some(run) = self.recent.get_mut(number) else {
            return Vec::new();
        };
        self.by_end.remove(&(run.ends, number));
        let messages = run.cancel(now);
        self.by_end.insert((run.ends, number));
        messages
    }
}

#[cfg(test)]
mod tests;
