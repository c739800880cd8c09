//! Between clients that wait for an answer and the sink: the events of one request in, one verdict out.
//!
//! In: [`Arrival`]s, in the order a client sent them. Out: a stream of records, and for each request a [`Verdict`] once
//! all of its events have ended. It does not know who asks, nor by which protocol.
//!
//! What was taken in goes on even if its client is gone. A resend of an event that is under way joins it, and one of an
//! event that was safe lately is answered at once, so that a slow end makes no duplicates.

mod budget;
mod identity;
mod records;
mod registry;
mod request;
mod ticket;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::Stream;
use tokio::time::timeout;

pub(in crate::runner) use budget::{Budget, Share};
pub(in crate::runner) use identity::Identity;
use records::{Queue, Queued, Records};
use registry::{Arrived, Registry};
use request::Request;
use ticket::Ticket;

use crate::config::DoorConfig;
use crate::event::Origin;
use crate::finalization::{EventFinalizer, EventStatus};
use crate::runner::checkpoint::Follow;
use crate::sink::{Payload, Record};

/// What taking in one event costs beside its bytes: its places in the queue, the registry and the sink.
const OVERHEAD_BYTES: usize = 512;

/// How a door is set up.
#[derive(Clone, Debug)]
pub(in crate::runner) struct DoorSettings {
    /// Whether a request waits for how its events end; else only until the sink has taken them
    pub(in crate::runner) acknowledgements: bool,
    /// How long a request waits
    pub(in crate::runner) timeout: Duration,
    /// How many events that are safe are remembered
    pub(in crate::runner) recent: NonZeroUsize,
    /// How many bytes all requests together may hold, from when they are read until their events have ended
    pub(in crate::runner) max_in_flight_bytes: NonZeroUsize,
}

/// One event of a request.
#[derive(Debug)]
pub(in crate::runner) struct Arrival {
    /// The event; its bytes should be its own and not a part of something larger
    pub(in crate::runner) payload: Payload,
    /// By what a resend of it is known, if by anything
    pub(in crate::runner) identity: Option<Identity>,
    /// Where it came from
    pub(in crate::runner) origin: Origin,
}

/// What a client may be told about its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runner) enum Verdict {
    /// Every event was delivered, deliberately skipped, or is kept as a dead letter
    Safe,
    /// At least one event has to be sent again
    Errored,
    /// It is not known yet how the events end; they go on
    Late,
    /// Nothing was taken in: too much is under way
    Overloaded,
    /// Nothing was taken in: the source is stopping
    Closed,
}

/// A door. Clones are handles on the same one.
#[derive(Clone, Debug)]
pub(in crate::runner) struct Door(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: DoorSettings,
    budget: Budget,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    registry: Registry,
}

impl DoorSettings {
    /// As configured, for sinks that are to be followed like this.
    pub(in crate::runner) fn new(config: &DoorConfig, follow: Follow) -> Self {
        Self {
            acknowledgements: follow == Follow::Acknowledgements,
            timeout: config.acknowledgement_timeout,
            recent: config.recent_events,
            max_in_flight_bytes: config.max_in_flight_bytes,
        }
    }
}

impl Door {
    /// A door, and the records that come through it: they end once the door is closed and the last was taken. Dropping
    /// the stream closes the door.
    pub(in crate::runner) fn new(
        settings: DoorSettings,
    ) -> (Self, impl Stream<Item = Record> + Send + 'static) {
        let state = State { queue: Queue::default(), registry: Registry::new(settings.recent) };
        let budget = Budget::new(settings.max_in_flight_bytes);
        let shared = Arc::new(Shared { settings, budget, state: Mutex::new(state) });
        (Self(Arc::clone(&shared)), Records::new(shared))
    }

    /// Takes in the events of one request, all or none, and waits for how they end. They go on with what was `held` for the
    /// request, and the rest of that is given back. They are taken in when the future is first polled; dropping it later
    /// only means that nobody waits.
    pub(in crate::runner) async fn accept(&self, events: Vec<Arrival>, held: Share) -> Verdict {
        let request = match self.take_in(events, held) {
            Ok(request) => request,
            Err(verdict) => return verdict,
        };
        match timeout(self.0.settings.timeout, request.worst()).await {
            Ok(EventStatus::Delivered | EventStatus::Rejected) => Verdict::Safe,
            Ok(EventStatus::Errored) => Verdict::Errored,
            Err(_) => Verdict::Late,
        }
    }

    /// What requests that are being read take their share of.
    pub(in crate::runner) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// Takes nothing in any more. What was taken in goes on.
    pub(in crate::runner) fn close(&self) {
        let waker = self.0.state().queue.close();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether nothing is taken in any more.
    pub(in crate::runner) fn is_closed(&self) -> bool {
        self.0.state().queue.is_closed()
    }

    fn take_in(&self, events: Vec<Arrival>, mut held: Share) -> Result<Arc<Request>, Verdict> {
        let request = Arc::new(Request::new(events.len()));
        let mut state = self.0.state();
        if state.queue.is_closed() {
            return Err(Verdict::Closed);
        }
        let mut identities = events.iter().filter_map(|event| event.identity);
        if !identities.all(|identity| state.registry.has_room(identity)) {
            return Err(Verdict::Overloaded);
        }
        let is_new = |event: &&Arrival| event.identity.is_none_or(|id| !state.registry.knows(id));
        let bytes = events.iter().filter(is_new).map(Arrival::weight).sum();
        // A resend of what is under way or safe takes nothing.
        if bytes > 0 && !held.grow_to(bytes) {
            return Err(Verdict::Overloaded);
        }
        let mut ended = 0;
        for event in events {
            let arrived = match event.identity {
                Some(identity) => state.registry.arrive(identity, &request),
                None => Arrived::New,
            };
            match arrived {
                Arrived::New => {
                    let share = held.split(event.weight());
                    let ticket = Ticket::new(&self.0, &request, event.identity, share);
                    state.queue.push(Queued {
                        payload: event.payload,
                        origin: event.origin,
                        request: Arc::clone(&request),
                        finalizer: EventFinalizer::new(ticket),
                    });
                }
                Arrived::Joined => {}
                Arrived::Repeated | Arrived::Safe => ended += 1,
            }
        }
        let waker = state.queue.take_waker();
        drop(state);
        for _ in 0..ended {
            request.end(EventStatus::Delivered);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(request)
    }
}

impl Shared {
    /// The state. Every change of it is whole before anything can panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    /// What it takes of the budget.
    pub(in crate::runner) fn weight(&self) -> usize {
        let bytes = match &self.payload {
            Payload::Bytes(bytes) | Payload::Unreadable { bytes, .. } => bytes.len(),
        };
        bytes.saturating_add(OVERHEAD_BYTES)
    }
}

#[cfg(test)]
mod tests;
