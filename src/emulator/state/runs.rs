//! What each invocation did, step by step, with the values its steps had.
//!
//! A run is carried out at once, delays included: they are noted, and what comes after them is done as if they were over.
//! But a run counts as waiting until they would be, so that a cancel in time still stops it: its messages that would
//! not have been sent by then are cancelled. What had written to a profile stays written. A cancel may itself come after a
//! delay: then it counts from when it is due, for runs that start until then as well.

use std::time::Duration;

use serde_json::Value;

use super::super::retention::value_weight;
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
    /// When it started, since the Unix epoch; delays before the step that started it included.
    pub created: Duration,
    /// When its delays are over or it is cancelled, since the Unix epoch; when it started, where neither is later.
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
        let is_to_end = matches!(self.outcome, RunStatus::Processed | RunStatus::Canceled);
        if is_to_end && now < self.ends { RunStatus::Waiting } else { self.outcome }
    }

    pub(super) fn is_over(&self, now: Duration) -> bool {
        !matches!(self.status(now), RunStatus::Processing | RunStatus::Waiting)
    }

    /// Stops it as of a time, if it has started and not ended by then: gives the messages that are not to be sent.
    pub(super) fn cancel(&mut self, at: Duration) -> Vec<String> {
        if at < self.created || self.is_over(at) {
            return Vec::new();
        }
        self.outcome = RunStatus::Canceled;
        self.ends = at;
        let due = self.steps.iter_mut().filter(|step| step.at > at);
        due.filter(|step| step.status == StepStatus::Processed)
            .filter_map(|step| {
                step.status = StepStatus::Canceled;
                step.message_id.clone()
            })
            .collect()
    }

    pub(super) fn bytes(&self) -> usize {
        let steps =
            self.steps.iter().map(|step| size_of::<RunStep>() + value_weight(&step.resolved));
        size_of::<Self>() + value_weight(&self.context) + steps.sum::<usize>()
    }
}
