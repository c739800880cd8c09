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

/// A body that takes its share of what may be under way: it waits for room where it is large, and breaks off where there is
/// too much.
#[derive(Debug)]
pub(super) struct Metered {
    body: Incoming,
    held: Held,
    received: usize,
    /// What has come and has no room yet
    kept: Option<Frame<Bytes>>,
}

/// What stands before a message: whether it is packed, and its length.
const PREFIX_BYTES: usize = 5;

impl Held {
    pub(super) fn new(share: Share) -> Self {
        Self(Arc::new(Mutex::new(Some(share))))
    }

    /// Grows to `bytes`; a large request waits for room. An error where that is too much by now.
    // Correctness: the share wakes us. Dropped, it is as it was.
    pub(super) async fn grow(&self, bytes: usize) -> Result<(), Status> {
        std::future::poll_fn(|context| self.poll_grow(context, bytes)).await
    }

    fn poll_grow(&self, context: &mut Context<'_>, bytes: usize) -> Poll<Result<(), Status>> {
        let has_grown = match self.share().as_mut() {
            Some(share) => ready!(share.poll_grow(context, bytes)),
            None => true,
        };
        Poll::Ready(if has_grown { Ok(()) } else { Err(overloaded()) })
    }

    /// The message that begins with `bytes` says how long it is.
    fn announce(&self, bytes: &[u8]) {
        let prefix = bytes.first_chunk::<PREFIX_BYTES>();
        if let (Some([_, length @ ..]), Some(share)) = (prefix, self.share().as_mut()) {
            share.announce(usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX));
        }
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
        Self { body, held, received: 0, kept: None }
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = Status;

    // Correctness: the body wakes us, or what gives room back; what has come meanwhile is kept.
    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let own = self.get_mut();
        let frame = match own.kept.take() {
            Some(frame) => frame,
            None => match ready!(Pin::new(&mut own.body).poll_frame(context)) {
                None => return Poll::Ready(None),
                // Nobody is left who reads the answer.
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(Status::cancelled(error.to_string()))));
                }
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        if own.received == 0 {
                            own.held.announce(data);
                        }
                        own.received = own.received.saturating_add(data.len());
                    }
                    frame
                }
            },
        };
        match own.held.poll_grow(context, own.received) {
            Poll::Ready(Ok(())) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Err(status)) => Poll::Ready(Some(Err(status))),
            Poll::Pending => {
                own.kept = Some(frame);
                Poll::Pending
            }
        }
    }
}
