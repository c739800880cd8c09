//! The life of single events, for whoever asks later: what became of each, attempt by attempt.
//!
//! Notes are taken only where somebody wants them, and never waited for: what does not fit in the queue is left out and
//! counted. They hold ids, and neither payloads nor secrets. Who keeps them, and where, is not known here. Attempts are also
//! told as spans, where those are wanted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::{Clock, Time};
use crate::courier::Endpoint;
use crate::finalization::EventStatus;
use crate::telemetry::{AttemptSpan, Constraint, EventSpan, SkipReason, Times};

/// Takes notes. Clones write to the same journal.
#[derive(Clone, Debug)]
pub struct Journal {
    notes: mpsc::Sender<Note>,
    missed: Arc<AtomicU64>,
    clock: Clock,
}

/// The notes, in the order they were taken; they end when the last [`Journal`] is dropped.
#[derive(Debug)]
pub struct Notes {
    notes: mpsc::Receiver<Note>,
    missed: Arc<AtomicU64>,
}

/// One thing that happened to one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When
    pub at: Time,
    /// The event's `messageId`
    pub message_id: Arc<str>,
    /// What
    pub moment: Moment,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It came in
    Received {
        /// Where from, as in `file:line`
        origin: String,
        /// Its type, and the name of a track event
        event: String,
    },
    /// Something that it brings itself is not trusted, and left out of what it became: what, and why, in a clause
    Ignored(String),
    /// It became steps; each goes to this endpoint
    Planned(Vec<Endpoint>),
    /// Nothing is to be done
    Skipped(SkipReason),
    /// An attempt has ended
    Attempted(Attempted),
    /// The event has ended
    Ended {
        /// How
        status: EventStatus,
        /// What there is to say of it
        detail: Option<String>,
    },
}

/// One attempt at one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// Where it went
    pub endpoint: Endpoint,
    /// Which attempt of this step it was, from 1
    pub number: u32,
    /// How long it was waited for: since the event came in, or since the last attempt
    pub waited: Duration,
    /// For what, in the order it was found
    pub waited_for: Vec<&'static str>,
    /// How long it took
    pub took: Duration,
    /// What came of it, in a clause
    pub answer: String,
    /// How many events rode on it
    pub events: usize,
}

/// The events that ride on one request, for the attempts at it.
#[derive(Debug)]
pub struct Trail {
    journal: Option<Journal>,
    ids: Vec<Arc<str>>,
    spans: Vec<Arc<EventSpan>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    waits_since: Instant,
    attempts: u32,
    /// What the next attempt was waited for so far, as far as it is known
    times: Times,
    /// What admission found most of that wait to be for
    longest: Option<Constraint>,
}

/// An attempt that was admitted, and has not ended.
#[derive(Debug)]
pub(crate) struct Begun {
    endpoint: Endpoint,
    number: u32,
    started: Instant,
    waited: Duration,
    span: Option<AttemptSpan>,
}

impl Journal {
    /// A journal whose queue has room for so many notes (at least one), and its other end.
    pub fn new(clock: Clock, room: usize) -> (Self, Notes) {
        let (notes, received) = mpsc::channel(room.max(1));
        let missed = Arc::default();
        let own = Self { notes, missed: Arc::clone(&missed), clock };
        (own, Notes { notes: received, missed })
    }

    /// Notes what happened to the event with that id, unless the queue is full.
    pub fn note(&self, message_id: Arc<str>, moment: Moment) {
        let at = self.clock.now();
        if self.notes.try_send(Note { at, message_id, moment }).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Notes {
    /// The next note; `None` once there will be none. Blocks, so it is for a thread of its own.
    pub fn blocking_next(&mut self) -> Option<Note> {
        self.notes.blocking_recv()
    }

    /// The next note that is there already.
    pub fn next_now(&mut self) -> Option<Note> {
        self.notes.try_recv().ok()
    }

    /// How many did not fit so far.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Trail {
    /// Of the events with these ids, the first of which has waited since `since`.
    pub const fn new(journal: Option<Journal>, ids: Vec<Arc<str>>, since: Instant) -> Self {
        let times = [Duration::ZERO; Constraint::ALL.len()];
        let state = State { waits_since: since, attempts: 0, times, longest: None };
        Self { journal, ids, spans: Vec::new(), state: Mutex::new(state) }
    }

    /// The same, telling attempts as spans too. `waits` is what the first was waited for up to when it was its turn.
    pub(crate) fn with_spans(
        mut self,
        spans: Vec<Arc<EventSpan>>,
        waits: &[(Constraint, Duration)],
    ) -> Self {
        self.spans = spans;
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (constraint, time) in waits {
            state.wait(*constraint, *time);
        }
        self
    }

    /// The next attempt waited for these before it was admitted, for `longest` most.
    pub(crate) fn admitted(&self, longest: Constraint, times: &Times) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (constraint, time) in Constraint::ALL.into_iter().zip(times) {
            state.wait(constraint, *time);
        }
        state.longest = Some(longest);
    }

    /// An attempt begins.
    pub(crate) fn begin(&self, endpoint: Endpoint) -> Begun {
        let started = Instant::now();
        let (number, waited, mut times, longest) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.attempts = state.attempts.saturating_add(1);
            let waited = started.saturating_duration_since(state.waits_since);
            state.waits_since = started;
            (state.attempts, waited, std::mem::take(&mut state.times), state.longest.take())
        };
        let known = times.iter().fold(Duration::ZERO, |sum, time| sum.saturating_add(*time));
        let mut other = waited.saturating_sub(known);
        // Before it stood first in its class's queue it waited as long for what those before it did; between two attempts
        // that is the time in which it was not to be tried.
        let rest = if number == 1 { longest } else { Some(Constraint::Retry) };
        if let Some(time) = rest.and_then(|constraint| times.get_mut(constraint.index())) {
            *time = time.saturating_add(std::mem::take(&mut other));
        }
        let span = AttemptSpan::begin(&self.spans, endpoint, number, &times, other);
        Begun { endpoint, number, started, waited, span }
    }

    /// Notes the end of an attempt, which is now. Besides its turn, or the time between two attempts, it was waited for
    /// `constraint`.
    pub(crate) fn attempted(
        &self,
        begun: Begun,
        constraint: Option<&'static str>,
        (status, failed): (Option<u16>, Option<&'static str>),
        answer: impl FnOnce() -> String,
    ) {
        let now = Instant::now();
        let Begun { endpoint, number, started, waited, span } = begun;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waits_since = now;
        if let Some(span) = span {
            span.end(status, failed);
        }
        let Some(journal) = &self.journal else { return };
        let first = if number == 1 { "its turn" } else { "the next attempt" };
        let attempted = Attempted {
            endpoint,
            number,
            waited,
            waited_for: std::iter::once(first).chain(constraint).collect(),
            took: now.saturating_duration_since(started),
            answer: answer(),
            events: self.ids.len(),
        };
        for id in &self.ids {
            journal.note(Arc::clone(id), Moment::Attempted(attempted.clone()));
        }
    }
}

impl State {
    fn wait(&mut self, constraint: Constraint, time: Duration) {
        if let Some(sum) = self.times.get_mut(constraint.index()) {
            *sum = sum.saturating_add(time);
        }
    }
}

/// Trails are the same only if they are one.
impl PartialEq for Trail {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Trail {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_are_counted_from_the_last_attempt_and_what_does_not_fit_is_counted() {
        let (journal, mut queue) = Journal::new(Clock::from_fn(|| Duration::from_secs(7)), 3);
        let trail = Trail::new(Some(journal), vec!["a".into(), "b".into()], Instant::now());
        tokio::time::advance(Duration::from_secs(1)).await;
        let begun = trail.begin(Endpoint::PostProfile);
        tokio::time::advance(Duration::from_secs(2)).await;
        trail.attempted(begun, Some("pause"), (Some(503), Some("unavailable")), || "503".into());
        tokio::time::advance(Duration::from_secs(4)).await;
        let begun = trail.begin(Endpoint::PostProfile);
        trail.attempted(begun, None, (Some(202), None), || "202".into());
        let mut told = Vec::new();
        while let Some(Note { message_id, moment: Moment::Attempted(it), .. }) = queue.next_now() {
            let times = (it.waited.as_secs(), it.took.as_secs());
            told.push((message_id.to_string(), it.number, times, it.waited_for.join(", ")));
        }
        let first = |id: &str| (id.to_owned(), 1, (1, 2), "its turn, pause".to_owned());
        let second = ("a".to_owned(), 2, (4, 0), "the next attempt".to_owned());
        assert_eq!(told, [first("a"), first("b"), second]);
        assert_eq!(queue.missed(), 1);
    }
}
