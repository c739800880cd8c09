//! Events and what became of them, for whoever looks on: unlike the notes of a [`journal`](crate::journal), with payloads.
//!
//! What is seen waits in a queue that nobody waits for: an event that finds no room in it is left out, its end as well, and
//! counted. Who looks, and how much of it they keep, is not known here.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::clock::{Clock, Time};
use crate::courier::Method;
use crate::event::EventType;
use crate::telemetry::SkipReason;

/// Security: the most events that wait to be taken, and the most their payloads may have. Whoever looks takes them ten
/// times a second, so it is what comes in a tenth of one.
const MAX_EVENTS: usize = 16_384;
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// What tells an event from all others that are seen; it grows in the order in which they came.
pub type Number = NonZeroU64;

/// Shows the events of one sink. Clones show into the same queue.
#[derive(Clone, Debug)]
pub struct Tap {
    sink: Arc<str>,
    queue: Arc<Queue>,
    clock: Clock,
}

/// What was seen, of all sinks that were tapped for it.
#[derive(Debug, Default)]
pub struct Sightings {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    seen: Vec<Sighting>,
    events: usize,
    bytes: usize,
    numbered: u64,
    missed: u64,
}

/// Something that was seen.
#[derive(Debug)]
pub enum Sighting {
    /// An event came in
    Came(Box<Came>),
    /// It means something else now, and nothing of it was begun
    Planned(Number, Vec<Requested>),
    /// It has come to its end
    Ended(Number, End),
}

/// An event, or a record that is none.
#[derive(Debug)]
pub struct Came {
    /// Which
    pub number: Number,
    /// When
    pub at: Time,
    /// To which sink
    pub sink: Arc<str>,
    /// Its type
    pub kind: EventType,
    /// Its `messageId`
    pub message_id: Option<Arc<str>>,
    /// The name of a track event, the group of a group event
    pub name: Option<String>,
    /// `userId`, or `anonymousId` where there is none
    pub user: Option<String>,
    /// Where from, as in `file:line`
    pub origin: String,
    /// To the byte. It may be a part of a larger allocation: whoever keeps it copies it
    pub payload: Bytes,
    /// What it became
    pub requests: Vec<Requested>,
}

/// A request an event became: where it goes, and not what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// Of the two requests that update a tenant, that of the one that writes
    pub method: Method,
    /// Encoded, below the endpoint's URL
    pub path: String,
}

/// How an event ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Courier took it
    Delivered,
    /// There was nothing to do
    Skipped(SkipReason),
    /// It will never be taken, and is a dead letter
    Rejected(String),
    /// It went back to its source
    Errored(String),
}

impl Sightings {
    /// Shows what the sink called `sink` does, in the time of `clock`.
    pub fn tap(&self, sink: impl Into<Arc<str>>, clock: Clock) -> Tap {
        Tap { sink: sink.into(), queue: Arc::clone(&self.queue), clock }
    }

    /// All that was seen since the last time, once there is something, and how many events found no room meanwhile.
    ///
    /// Dropping the future loses nothing.
    // Correctness: a permit of `Notify` is kept when it comes before we wait, so nothing is seen without our being woken.
    pub async fn next(&self) -> (Vec<Sighting>, u64) {
        loop {
            let taken = self.queue.take();
            if !taken.0.is_empty() || taken.1 > 0 {
                return taken;
            }
            self.queue.news.notified().await;
        }
    }
}

impl Tap {
    /// Shows an event; none where there is no room for it. `describe` is asked for the rest only where there is.
    pub(crate) fn came(
        &self,
        kind: EventType,
        payload: Bytes,
        describe: impl FnOnce(Came) -> Came,
    ) -> Option<Number> {
        let bytes = payload.len();
        let (number, is_first) = {
            let mut waiting = self.queue.lock();
            let has_room = waiting.events < MAX_EVENTS
                && (waiting.events == 0 || waiting.bytes.saturating_add(bytes) <= MAX_BYTES);
            if !has_room {
                waiting.missed += 1;
                return None;
            }
            let number = Number::MIN.saturating_add(waiting.numbered);
            waiting.numbered += 1;
            waiting.events += 1;
            waiting.bytes = waiting.bytes.saturating_add(bytes);
            let came = Came {
                number,
                at: self.clock.now(),
                sink: Arc::clone(&self.sink),
                kind,
                message_id: None,
                name: None,
                user: None,
                origin: String::new(),
                payload,
                requests: Vec::new(),
            };
            // Under the lock, so that numbers stand in their order.
            waiting.seen.push(Sighting::Came(Box::new(describe(came))));
            (number, waiting.seen.len() == 1)
        };
        if is_first {
            self.queue.news.notify_one();
        }
        Some(number)
    }

    /// Shows what an event became anew.
    pub(crate) fn planned(&self, number: Number, requests: Vec<Requested>) {
        self.add(Sighting::Planned(number, requests));
    }

    /// Shows how an event ended. It needs no room: there is one at most for each event that was shown.
    pub(crate) fn ended(&self, number: Number, end: End) {
        self.add(Sighting::Ended(number, end));
    }

    fn add(&self, sighting: Sighting) {
        let is_first = {
            let mut waiting = self.queue.lock();
            waiting.seen.push(sighting);
            waiting.seen.len() == 1
        };
        if is_first {
            self.queue.news.notify_one();
        }
    }
}

impl Queue {
    fn take(&self) -> (Vec<Sighting>, u64) {
        let mut waiting = self.lock();
        (waiting.events, waiting.bytes) = (0, 0);
        (std::mem::take(&mut waiting.seen), std::mem::take(&mut waiting.missed))
    }

    // A panic elsewhere cannot have left half of something: what is seen is pushed whole.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn clock() -> Clock {
        Clock::from_fn(|| Duration::from_secs(7))
    }

    fn show(tap: &Tap, payload: &'static [u8]) -> Option<Number> {
        tap.came(EventType::Track, Bytes::from_static(payload), |came| came)
    }

    #[tokio::test]
    async fn what_finds_no_room_is_counted_and_ends_need_none() {
        let sightings = Sightings::default();
        let tap = sightings.tap("a", clock());
        let numbers: Vec<_> = (0..MAX_EVENTS).map(|_| show(&tap, b"x").unwrap()).collect();
        assert!(numbers.is_sorted());
        assert_eq!(show(&tap, b"x"), None);
        tap.ended(numbers[0], End::Delivered);
        let (seen, missed) = sightings.next().await;
        assert_eq!((seen.len(), missed), (MAX_EVENTS + 1, 1));
        assert!(show(&tap, b"x") > numbers.last().copied());
        assert_eq!(sightings.next().await.0.len(), 1);
    }

    #[tokio::test]
    async fn payloads_are_bounded_together_and_one_alone_always_finds_room() {
        let sightings = Sightings::default();
        let (one, other) = (sightings.tap("a", clock()), sightings.tap("b", clock()));
        let large: &'static [u8] = vec![b'x'; MAX_BYTES + 1].leak();
        assert!(show(&one, large).is_some());
        assert_eq!(show(&other, b"x"), None);
        let (seen, missed) = sightings.next().await;
        assert_eq!((seen.len(), missed), (1, 1));
    }

    #[tokio::test]
    async fn whoever_waits_is_woken() {
        let sightings = Sightings::default();
        let tap = sightings.tap("a", clock());
        let (seen, ()) = tokio::join!(sightings.next(), async {
            tokio::task::yield_now().await;
            show(&tap, b"x");
        });
        assert_eq!(seen.0.len(), 1);
    }
}
