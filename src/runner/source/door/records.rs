//! The way out of the door: a queue, and the stream that empties it.
//!
//! Security: the queue has no bound of its own. All that is in it holds a share of the door's budget.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::stream::Stream;

use super::Shared;
use super::request::Request;
use crate::event::Origin;
use crate::finalization::{Done, EventFinalizer, EventStatus};
use crate::sink::{Payload, Record};

/// Events in the order they arrived, and whoever waits for the next one.
#[derive(Debug, Default)]
pub(super) struct Queue {
    events: VecDeque<Queued>,
    waker: Option<Waker>,
    is_closed: bool,
}

/// An event that the sink has not taken.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) payload: Payload,
    pub(super) origin: Origin,
    pub(super) request: Arc<Request>,
    pub(super) finalizer: EventFinalizer,
}

/// The records that come through a door.
#[derive(Debug)]
pub(super) struct Records {
    shared: Arc<Shared>,
}

impl Queue {
    pub(super) fn push(&mut self, event: Queued) {
        self.events.push_back(event);
    }

    /// Whoever is to be woken because something has changed.
    pub(super) const fn take_waker(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    /// Takes nothing in any more. Gives whoever is to be woken.
    #[must_use]
    pub(super) const fn close(&mut self) -> Option<Waker> {
        self.is_closed = true;
        self.take_waker()
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.is_closed
    }
}

impl Records {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl Stream for Records {
    type Item = Record;

    // Correctness: whoever fills or closes the queue wakes us; the waker is left under the lock the queue was looked at
    // under. A finalizer must not be told under that lock, since it takes it.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Record>> {
        loop {
            let mut state = self.shared.state();
            let Some(event) = state.queue.events.pop_front() else {
                if state.queue.is_closed {
                    return Poll::Ready(None);
                }
                state.queue.waker = Some(cx.waker().clone());
                return Poll::Pending;
            };
            drop(state);
            let Queued { payload, origin, request, finalizer } = event;
            if request.has_failed() {
                // Its client sends it again, behind what has failed.
                finalizer.finalize(EventStatus::Errored);
                continue;
            }
            let finalizer = if self.shared.settings.acknowledgements {
                finalizer
            } else {
                finalizer.finalize(EventStatus::Delivered);
                EventFinalizer::none()
            };
            return Poll::Ready(Some(Record {
                payload,
                origin,
                finalizer,
                resume: None,
                done: Done::default(),
            }));
        }
    }
}

impl Drop for Records {
    /// What was not taken is Errored, so that its client sends it again.
    fn drop(&mut self) {
        let mut state = self.shared.state();
        // Nobody waits for records but this stream.
        let _ = state.queue.close();
        let events = std::mem::take(&mut state.queue.events);
        drop(state);
        drop(events);
    }
}
