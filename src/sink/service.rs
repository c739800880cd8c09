//! The sink as a tower service: a handle to call, and a worker to run.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::PollSender;
use tower::Service;

use super::{CourierSink, Record, Transport};
use crate::finalization::EventStatus;

/// Records that may wait between handles and worker, outside the sink's own window. Few: they only save wake-ups.
const WAITING_RECORDS: usize = 16;

/// A cloneable handle. Its response is the event's [`EventStatus`]: Rejected and Errored are answers, not errors.
#[derive(Clone, Debug)]
pub struct Handle {
    sender: PollSender<Record>,
}

/// Does the work for all clones of a [`Handle`].
pub struct Worker<S> {
    sink: CourierSink<S>,
    receiver: mpsc::Receiver<Record>,
}

/// The worker is gone: nothing will be delivered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sink's worker is not running any more")]
pub struct Closed;

pub(super) fn pair<S: Transport>(sink: CourierSink<S>) -> (Handle, Worker<S>) {
    let (sender, receiver) = mpsc::channel(WAITING_RECORDS);
    (Handle { sender: PollSender::new(sender) }, Worker { sink, receiver })
}

impl<S: Transport> Worker<S> {
    /// Works until all handles are dropped and every event has ended. Dropping the future gives every event that has
    /// not ended the status `Errored`, and closes the handles.
    pub async fn run(self) {
        let Self { sink, mut receiver } = self;
        sink.run_on(futures::stream::poll_fn(move |cx| receiver.poll_recv(cx))).await;
    }
}

impl Service<Record> for Handle {
    type Response = EventStatus;
    type Error = Closed;
    type Future = Response;

    /// Ready when the sink has room: this is its back pressure.
    // Correctness: woken by the worker as it takes records. A handle that is ready and dropped gives its place back.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.sender.poll_reserve(cx).map_err(|_| Closed)
    }

    /// Hands over a record. Dropping the response does not recall it.
    ///
    /// # Panics
    ///
    /// When called without `poll_ready` having said ready, as tower's contract has it.
    fn call(&mut self, record: Record) -> Self::Future {
        // A place that was reserved takes a record even when nobody is left to look at it.
        if self.is_closed() {
            return Response { receiver: None, is_closed: true };
        }
        let (sender, receiver) = oneshot::channel();
        let Record { finalizer, .. } = record;
        let finalizer = finalizer.ending_by(move |finalizer, status| {
            finalizer.finalize(status);
            // Whoever dropped the response does not want to know.
            let _ = sender.send(status);
        });
        let record = Record { finalizer, ..record };
        let sent = self.sender.send_item(record).is_ok();
        Response {
            receiver: sent.then_some(receiver),
            // A worker that goes while the record is handed over is seen here.
            is_closed: self.is_closed(),
        }
    }
}

impl Handle {
    fn is_closed(&self) -> bool {
        self.sender.get_ref().is_none_or(mpsc::Sender::is_closed)
    }
}

/// Resolves to the status of the record's event; of several, to the worst.
#[derive(Debug)]
#[must_use = "a response does nothing unless polled, though its event is delivered all the same"]
pub struct Response {
    receiver: Option<oneshot::Receiver<EventStatus>>,
    /// Whether the worker may have gone without looking at the record.
    is_closed: bool,
}

impl Future for Response {
    type Output = Result<EventStatus, Closed>;

    // Correctness: woken by the event's finalizer, which tells `Errored` if it is dropped.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(receiver) = &mut self.receiver else {
            return Poll::Ready(Err(Closed));
        };
        match Pin::new(receiver).poll(cx) {
            Poll::Pending if self.is_closed => Poll::Ready(Err(Closed)),
            told @ (Poll::Pending | Poll::Ready(_)) => told.map_err(|_| Closed),
        }
    }
}

impl<S> fmt::Debug for Worker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("sink", &self.sink).finish_non_exhaustive()
    }
}
