//! Which events are under way, and which were safe lately.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use super::identity::Identity;
use super::request::Request;
use crate::finalization::EventStatus;

/// How many requests may wait for an event that came in another one. Security: a resend takes none of the budget. A client
/// sends again when its request has ended, so a few are many.
pub(super) const MAX_JOINED: usize = 16;

/// What is known of events, by identity.
#[derive(Debug)]
pub(super) struct Registry {
    known: HashMap<Identity, Known>,
    /// Those that are safe, the oldest first. Security: at most `recent`.
    safe: VecDeque<Identity>,
    recent: NonZeroUsize,
}

#[derive(Debug)]
enum Known {
    /// Under way, the request it came in, and those that sent it again and wait with that. Security: at most `MAX_JOINED`.
    UnderWay { by: Weak<Request>, joined: Vec<Weak<Request>> },
    /// Delivered, skipped or kept as a dead letter
    Safe,
}

/// What becomes of an event that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// It is new, and under way from now on
    New,
    /// It is under way; its end will be told to the request
    Joined,
    /// It is under way, and the request waits for it already: it is in it twice
    Repeated,
    /// It is safe
    Safe,
}

impl Registry {
    pub(super) fn new(recent: NonZeroUsize) -> Self {
        Self { known: HashMap::new(), safe: VecDeque::new(), recent }
    }

    /// Whether the event is under way or safe.
    pub(super) fn knows(&self, identity: Identity) -> bool {
        self.known.contains_key(&identity)
    }

    /// Whether one more request may wait for the event.
    pub(super) fn has_room(&mut self, identity: Identity) -> bool {
        let Some(Known::UnderWay { joined, .. }) = self.known.get_mut(&identity) else {
            return true;
        };
        joined.retain(|request| request.strong_count() > 0);
        joined.len() < MAX_JOINED
    }

    /// An event arrives in `request`, for which there is room.
    pub(super) fn arrive(&mut self, identity: Identity, request: &Arc<Request>) -> Arrived {
        match self.known.get_mut(&identity) {
            None => {
                let by = Arc::downgrade(request);
                self.known.insert(identity, Known::UnderWay { by, joined: Vec::new() });
                Arrived::New
            }
            Some(Known::Safe) => Arrived::Safe,
            Some(Known::UnderWay { by, joined }) => {
                let waits =
                    |other: &Weak<Request>| std::ptr::eq(other.as_ptr(), Arc::as_ptr(request));
                if waits(by) || joined.iter().any(waits) {
                    return Arrived::Repeated;
                }
                joined.push(Arc::downgrade(request));
                Arrived::Joined
            }
        }
    }

    /// The requests that joined an event under way.
    pub(super) fn joined(&self, identity: Identity) -> Vec<Weak<Request>> {
        match self.known.get(&identity) {
            Some(Known::UnderWay { joined, .. }) => joined.clone(),
            Some(Known::Safe) | None => Vec::new(),
        }
    }

    /// An event under way has ended. Gives the requests that joined it. One that is Errored is forgotten, so that its
    /// resend is tried.
    pub(super) fn end(&mut self, identity: Identity, status: EventStatus) -> Vec<Weak<Request>> {
        let known = match status {
            EventStatus::Errored => self.known.remove(&identity),
            EventStatus::Delivered | EventStatus::Rejected => {
                self.safe.push_back(identity);
                self.known.insert(identity, Known::Safe)
            }
        };
        if self.safe.len() > self.recent.get()
            && let Some(oldest) = self.safe.pop_front()
        {
            self.known.remove(&oldest);
        }
        match known {
            Some(Known::UnderWay { joined, .. }) => joined,
            Some(Known::Safe) | None => Vec::new(),
        }
    }
}
