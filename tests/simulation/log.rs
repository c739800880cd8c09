//! What happened in one run, in the order of virtual time: the only thing the invariants look at.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::courier::Endpoint;
use courier_sink::delivery::{Failure, FailureKind, Outcome, Receipt, Verdict};
use courier_sink::finalization::EventStatus;
use courier_sink::plan::Lane;
use courier_sink::telemetry::Tally;
use tokio::time::Instant;

/// One thing that happened. Events and attempts are told by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// The sink took the event in.
    Taken(usize),
    Ended(usize, EventStatus),
    /// The response that the service face gave; `None` for a closed sink.
    Responded(usize, Option<EventStatus>),
    /// A dead letter was kept.
    Letter(Option<usize>, &'static str),
    /// A dead letter could not be kept.
    LetterLost(Option<usize>),
    Start(usize, Asked),
    /// Courier did what the attempt asked for.
    Commit(Committed),
    Answer(usize, Answered),
    /// The sink dropped the attempt before its answer.
    Gone(usize),
    Held(bool),
    /// The sink was dropped with work inside.
    Dropped,
    /// The sink came to its end.
    Finished,
}

/// What an attempt asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) endpoint: Endpoint,
    pub(crate) path: String,
    /// Whose work it is, where the request itself says so
    pub(crate) lane: Lane,
    /// Event and step of its idempotency key
    pub(crate) keyed: Option<(usize, usize)>,
    pub(crate) generation: u32,
    /// The events whose marks it bears: several where writes were merged
    pub(crate) marks: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Committed {
    pub(crate) attempt: usize,
    /// Whether Courier stored an error over it, which every attempt with the same key gets to see
    pub(crate) under_an_error: bool,
}

/// What came back, as the sink sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answered {
    Done(Outcome),
    Failed {
        kind: FailureKind,
        verdict: Verdict,
        status: Option<u16>,
        stored: bool,
        wait: Option<Duration>,
    },
}

impl Answered {
    pub(crate) fn of(result: &Result<Receipt, Failure>) -> Self {
        match result {
            Ok(receipt) => Self::Done(receipt.outcome),
            Err(failure) => Self::Failed {
                kind: failure.kind,
                verdict: failure.verdict(),
                status: failure.answer.as_ref().map(|answer| answer.status),
                stored: failure.answer_is_stored(),
                wait: failure.retry_after,
            },
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) at: Duration,
    pub(crate) what: What,
}

/// Gathers entries; clones share them.
#[derive(Clone)]
pub(crate) struct Log {
    start: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
    counted: Arc<Mutex<Option<Counted>>>,
}

/// Where it can be seen how many records a sink has taken in, and how many of them are noted.
struct Counted {
    tally: Arc<Tally>,
    noted: usize,
}

impl Log {
    /// Nothing has happened. Made where the paused clock runs.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), entries: Arc::default(), counted: Arc::default() }
    }

    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// From now on notes by itself what was taken in, as `tally` counts it, before whatever is noted next.
    pub(crate) fn count(&self, tally: &Arc<Tally>) {
        let counted = Counted { tally: Arc::clone(tally), noted: 0 };
        *self.counted.lock().unwrap() = Some(counted);
    }

    pub(crate) fn push(&self, what: What) {
        if let Some(Counted { tally, noted }) = &mut *self.counted.lock().unwrap() {
            let totals = tally.totals();
            let taken = totals.unreadable + totals.events.values().sum::<u64>();
            while u64::try_from(*noted).unwrap() < taken {
                self.push_at(self.now(), What::Taken(*noted));
                *noted += 1;
            }
        }
        self.push_at(self.now(), what);
    }

    pub(crate) fn push_at(&self, at: Duration, what: What) {
        self.entries.lock().unwrap().push(Entry { at, what });
    }

    /// Everything, in the order of time: what Courier did behind the sink's back is noted later than it happened.
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        let mut entries = std::mem::take(&mut *self.entries.lock().unwrap());
        entries.sort_by_key(|entry| entry.at);
        entries
    }
}

/// The same for the same entries, in every process.
pub(crate) fn hash(entries: &[Entry]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for entry in entries {
        format!("{entry:?}").hash(&mut hasher);
    }
    hasher.finish()
}

/// The last entries before `end`, one a line.
pub(crate) fn tail(entries: &[Entry], end: usize) -> String {
    const LINES: usize = 60;
    let end = end.min(entries.len());
    let mut text = String::new();
    for entry in &entries[end.saturating_sub(LINES)..end] {
        let seconds = entry.at.as_secs_f64();
        writeln!(text, "{seconds:>12.3} {:?}", entry.what).expect("a string takes everything");
    }
    text
}
