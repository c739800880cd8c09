//! Which events are under way, and which were safe lately.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use super::identity::Identity;
use super::request::Request;
use crate::finalization::EventStatus;

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
    /// Under way, and the requests that sent it again and wait with the first
    UnderWay(Vec<Weak<Request>>),
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

    /// An event arrives in `request`.
    pub(super) fn arrive(&mut self, identity: Identity, request: &Arc<Request>) -> Arrived {
        match self.known.get_mut(&identity) {
            None => {
                self.known.insert(identity, Known::UnderWay(Vec::new()));
                Arrived::New
            }
            Some(Known::Safe) => Arrived::Safe,
            Some(Known::UnderWay(joined)) => {
                // Security: requests whose client has gone would pile up while the event is under way.
                joined.retain(|request| request.strong_count() > 0);
                joined.push(Arc::downgrade(request));
                Arrived::Joined
            }
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
            Some(Known::UnderWay(joined)) => joined,
            Some(Known::Safe) | None => Vec::new(),
        }
    }
}
