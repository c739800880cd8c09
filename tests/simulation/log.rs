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
    /// The sink gave a step of the event up, by its endpoint, since it kept others waiting for too long.
    GivenUp(usize, String),
    /// The response that the service face gave; `None` for a closed sink.
    Responded(usize, Option<EventStatus>),
    /// A dead letter is to be kept.
    Refused(Option<usize>),
    /// A dead letter was kept.
    Letter(Option<usize>, &'static str),
    /// A dead letter could not be kept.
    LetterLost(Option<usize>),
    Start(usize, Asked),
    /// So many followers in its lane ride on the attempt that was started just now.
    Rode(usize),
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

/// The sink's own counters, and how much of what they say is noted.
struct Counted {
    tally: Arc<Tally>,
    /// Whether what was taken in is noted by nobody else
    counts_taken: bool,
    taken: u64,
    merged: u64,
}

impl Log {
    /// Nothing has happened. Made where the paused clock runs.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), entries: Arc::default(), counted: Arc::default() }
    }

    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// From now on notes by itself what only `tally` can tell from outside, before whatever is noted next: what rides
    /// on a request, and at the service face what was taken in.
    pub(crate) fn count(&self, tally: &Arc<Tally>, counts_taken: bool) {
        let tally = Arc::clone(tally);
        *self.counted.lock().unwrap() = Some(Counted { tally, counts_taken, taken: 0, merged: 0 });
    }

    pub(crate) fn push(&self, what: What) {
        self.push_at(self.now(), what);
    }

    pub(crate) fn push_at(&self, at: Duration, what: What) {
        let mut entries = self.entries.lock().unwrap();
        if let Some(counted) = &mut *self.counted.lock().unwrap() {
            counted.note(self.now(), &mut entries);
        }
        entries.push(Entry { at, what });
    }

    /// Everything, in the order of time: what Courier did behind the sink's back is noted later than it happened.
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        let mut entries = std::mem::take(&mut *self.entries.lock().unwrap());
        entries.sort_by_key(|entry| entry.at);
        entries
    }
}

impl Counted {
    fn note(&mut self, now: Duration, entries: &mut Vec<Entry>) {
        let totals = self.tally.totals();
        // It is counted right after the request has left, so nothing else was noted in between.
        if totals.merged > self.merged
            && let Some(Entry { at, what: What::Start(..) }) = entries.last()
        {
            let riders = usize::try_from(totals.merged - self.merged).unwrap();
            entries.push(Entry { at: *at, what: What::Rode(riders) });
        }
        self.merged = totals.merged;
        let taken = totals.unreadable + totals.events.values().sum::<u64>();
        while self.counts_taken && self.taken < taken {
            let event = usize::try_from(self.taken).unwrap();
            entries.push(Entry { at: now, what: What::Taken(event) });
            self.taken += 1;
        }
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
