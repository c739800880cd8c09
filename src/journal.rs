//! The life of single events, for whoever asks later: what became of each, attempt by attempt.
//!
//! Notes are taken only where somebody wants them, and never waited for: what does not fit in the queue is left out and
//! counted. They hold ids, and neither payloads nor secrets. Who keeps them, and where, is not known here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::{Clock, Time};
use crate::courier::Endpoint;
use crate::finalization::EventStatus;
use crate::telemetry::SkipReason;

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
    journal: Journal,
    ids: Vec<Arc<str>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    waits_since: Instant,
    attempts: u32,
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
    pub const fn new(journal: Journal, ids: Vec<Arc<str>>, since: Instant) -> Self {
        let state = Mutex::new(State { waits_since: since, attempts: 0 });
        Self { journal, ids, state }
    }

    /// Notes an attempt that began at `started` and ends now. Besides its turn, or the time between two attempts, it was
    /// waited for `constraint`.
    pub fn attempted(
        &self,
        endpoint: Endpoint,
        started: Instant,
        constraint: Option<&'static str>,
        answer: &str,
    ) {
        let now = Instant::now();
        let (number, waited) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.attempts = state.attempts.saturating_add(1);
            let waited = started.saturating_duration_since(state.waits_since);
            state.waits_since = now;
            (state.attempts, waited)
        };
        let first = if number == 1 { "its turn" } else { "the next attempt" };
        let attempted = Attempted {
            endpoint,
            number,
            waited,
            waited_for: std::iter::once(first).chain(constraint).collect(),
            took: now.saturating_duration_since(started),
            answer: answer.to_owned(),
            events: self.ids.len(),
        };
        for id in &self.ids {
            self.journal.note(Arc::clone(id), Moment::Attempted(attempted.clone()));
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
        let trail = Trail::new(journal, vec!["a".into(), "b".into()], Instant::now());
        tokio::time::advance(Duration::from_secs(1)).await;
        let started = Instant::now();
        tokio::time::advance(Duration::from_secs(2)).await;
        trail.attempted(Endpoint::PostProfile, started, Some("pause"), "503");
        tokio::time::advance(Duration::from_secs(4)).await;
        trail.attempted(Endpoint::PostProfile, Instant::now(), None, "202");
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
