//! How a sink stands, asked while it runs: what is inside, what keeps it from going faster, and how fast it goes.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::lifetimes::Lifetimes;
use super::pace::Pace;
use crate::delivery::GateReport;
use crate::telemetry::{Constraint, Totals};

/// Questions that may wait for the sink at once; whoever asks beyond that waits too.
const WAITING_QUESTIONS: usize = 8;

/// Asks a sink how it stands. Clones ask the same one.
#[derive(Clone, Debug)]
pub struct Inspector {
    questions: mpsc::Sender<Question>,
}

/// What whoever asks knows of where the sink's records come from, and the sink does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// What keeps the sink from going faster where it waits for more
    pub constraint: Constraint,
    /// How long the oldest event that is kept there has been
    pub oldest_age: Option<Duration>,
}

/// Somebody who asks.
pub(super) struct Question {
    pub(super) upstream: Upstream,
    pub(super) answer: oneshot::Sender<Snapshot>,
}

/// The sink's end of it.
pub(super) type Questions = mpsc::Receiver<Question>;

/// A sink at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Events inside
    pub events: usize,
    /// Bytes they take
    pub bytes: usize,
    /// How long the oldest of them has been inside, or of what is known to be kept upstream
    pub oldest_age: Option<Duration>,
    /// Users and tenants that have work inside
    pub lanes: usize,
    /// Those of whom an event waits for an earlier one
    pub lanes_waiting: usize,
    /// What keeps the sink from going faster
    pub constraint: Constraint,
    /// Its pace, permits, pauses and hold
    pub gate: GateReport,
    /// How fast events end; `None` until there has been work for a second
    pub pace: Option<Pace>,
    /// How many of the events inside become too old before their turn comes, if the pace stays as it is; without a pace
    /// it is not known
    pub expiring: Option<usize>,
    /// How long they may wait
    pub lifetimes: Lifetimes,
    /// What it has done so far
    pub totals: Totals,
    /// How many events were taken in so far, records that are none included
    pub taken_in: u64,
}

pub(super) fn inspector() -> (Inspector, Questions) {
    let (questions, asked) = mpsc::channel(WAITING_QUESTIONS);
    (Inspector { questions }, asked)
}

impl Default for Upstream {
    /// A source that keeps nothing and brings no more.
    fn default() -> Self {
        Self { constraint: Constraint::Source, oldest_age: None }
    }
}

impl Inspector {
    /// How the sink stands now; `None` if it does not run any more. One that was built and not yet run answers when it
    /// does. Asking also brings its gauges up to date. May be dropped at any time.
    pub async fn look(&self) -> Option<Snapshot> {
        self.look_behind(Upstream::default()).await
    }

    /// The same for whoever knows more of where its records come from.
    pub async fn look_behind(&self, upstream: Upstream) -> Option<Snapshot> {
        let (answer, received) = oneshot::channel();
        self.questions.send(Question { upstream, answer }).await.ok()?;
        received.await.ok()
    }
}
