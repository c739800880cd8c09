//! The body of a request, counted while it is received.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};
use tonic::Status;

use crate::runner::source::door::Share;

/// What a request holds of all that may be under way; none as long as nothing of it has come.
#[derive(Clone, Debug)]
pub(super) struct Held(Arc<Mutex<Option<Share>>>);

/// A body that takes its share of what may be under way, and breaks off where there is too much.
#[derive(Debug)]
pub(super) struct Metered {
    body: Incoming,
    held: Held,
    received: usize,
}

impl Held {
    pub(super) fn new(share: Share) -> Self {
        Self(Arc::new(Mutex::new(Some(share))))
    }

    /// Grows to `bytes`. An error where that is too much by now.
    pub(super) fn grow_to(&self, bytes: usize) -> Result<(), Status> {
        let has_grown = self.share().as_mut().is_none_or(|share| share.grow_to(bytes));
        if has_grown { Ok(()) } else { Err(overloaded()) }
    }

    /// Everything, for whoever goes on with it; nothing the second time.
    pub(super) fn take(&self) -> Option<Share> {
        self.share().take()
    }

    fn share(&self) -> MutexGuard<'_, Option<Share>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Vector sends such a request again, and fewer at once.
pub(super) fn overloaded() -> Status {
    Status::unavailable("too much is under way: send the request again later")
}

impl Metered {
    pub(super) fn new(body: Incoming, held: Held) -> Self {
        Self { body, held, received: 0 }
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = Status;

    // Correctness: only the body waits, and it wakes us.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None => return Poll::Ready(None),
            // Nobody is left who reads the answer.
            Some(Err(error)) => {
                return Poll::Ready(Some(Err(Status::cancelled(error.to_string()))));
            }
            Some(Ok(frame)) => frame,
        };
        if let Some(data) = frame.data_ref() {
            self.received = self.received.saturating_add(data.len());
            if let Err(status) = self.held.grow_to(self.received) {
                return Poll::Ready(Some(Err(status)));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }
}
