//! One request that waits until all of its events have ended.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::finalization::EventStatus;

/// How far the events of a request are. Shared with every event it waits for.
#[derive(Debug)]
pub(super) struct Request {
    open: Mutex<Open>,
    ended: Notify,
}

#[derive(Debug)]
struct Open {
    events: usize,
    worst: EventStatus,
}

impl Request {
    /// A request that waits for so many events.
    pub(super) fn new(events: usize) -> Self {
        let open = Mutex::new(Open { events, worst: EventStatus::Delivered });
        Self { open, ended: Notify::new() }
    }

    /// One of its events has ended.
    pub(super) fn end(&self, status: EventStatus) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.worst = open.worst.max(status);
        open.events = open.events.saturating_sub(1);
        if open.events == 0 {
            self.ended.notify_one();
        }
    }

    /// One of its events has not ended, and will have to be sent again.
    pub(super) fn fail(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.worst = EventStatus::Errored;
    }

    /// Whether one of its events has to be sent again: then none behind it may overtake it.
    pub(super) fn has_failed(&self) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.worst == EventStatus::Errored
    }

    /// The worst status among its events, once all have ended. To be awaited by one only.
    // Correctness: the last event wakes us, or has left a permit if it ended between the look and the wait. Dropped
    // here, the events go on and tell nobody.
    pub(super) async fn worst(&self) -> EventStatus {
        loop {
            {
                let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
                if open.events == 0 {
                    return open.worst;
                }
            }
            self.ended.notified().await;
        }
    }
}
