//! What an event under way carries: whom its end is told to, and what it holds.

use std::sync::Arc;

use super::Shared;
use super::budget::Share;
use super::identity::Identity;
use super::request::Request;
use crate::finalization::{Acknowledge, EventStatus};

/// Tells an event's end to the registry, to the request it came in, and to those that joined it.
#[derive(Debug)]
pub(super) struct Ticket {
    shared: Arc<Shared>,
    request: Arc<Request>,
    identity: Option<Identity>,
    /// Given back last of all
    _share: Share,
}

impl Ticket {
    pub(super) fn new(
        shared: &Arc<Shared>,
        request: &Arc<Request>,
        identity: Option<Identity>,
        share: Share,
    ) -> Self {
        let (shared, request) = (Arc::clone(shared), Arc::clone(request));
        Self { shared, request, identity, _share: share }
    }
}

impl Acknowledge for Ticket {
    // The registry first: once a client has its answer, its next request must find what was said in it.
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        let joined = match self.identity {
            Some(identity) => self.shared.state().registry.end(identity, status),
            None => Vec::new(),
        };
        self.request.end(status);
        for request in joined.iter().filter_map(std::sync::Weak::upgrade) {
            request.end(status);
        }
    }

    fn foretell_errored(&mut self) {
        let waiting = self.identity.map(|identity| self.shared.state().registry.joined(identity));
        self.request.fail();
        for request in waiting.iter().flatten().filter_map(std::sync::Weak::upgrade) {
            request.fail();
        }
    }

    fn is_recalled(&self) -> bool {
        self.request.has_failed()
    }
}
