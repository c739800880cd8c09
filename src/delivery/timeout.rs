//! The layer that ends an attempt which takes too long. tower's own boxes its error; ours is a [`Failure`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower::{Layer, Service};

use super::gate::Gate;
use super::{Call, Failure, FailureKind, Receipt};

/// Puts [`Timeout`] around a service.
#[derive(Clone, Debug)]
pub struct TimeoutLayer(Arc<Gate>);

/// Gives each call so long and no longer: as long as the settings say when it begins.
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl TimeoutLayer {
    /// Each call may take as long as the settings of `gate` say.
    pub const fn new(gate: Arc<Gate>) -> Self {
        Self(gate)
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Timeout { inner, gate: Arc::clone(&self.0) }
    }
}

impl<S> Service<Call> for Timeout<S>
where
    S: Service<Call, Response = Receipt, Error = Failure>,
{
    type Response = Receipt;
    type Error = Failure;
    type Future = TimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let length = self.gate.timeout();
        TimeoutFuture { inner: self.inner.call(call), sleep: None, length }
    }
}

pin_project! {
    /// A call that ends in time, one way or the other.
    #[derive(Debug)]
    pub struct TimeoutFuture<F> {
        #[pin]
        inner: F,
        // From when the call was first seen not to be done at once.
        #[pin]
        sleep: Option<Sleep>,
        length: Duration,
    }
}

impl<F: Future<Output = Result<Receipt, Failure>>> Future for TimeoutFuture<F> {
    type Output = F::Output;

    // Correctness: woken by whichever comes first; an answer that is there at the last moment counts.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep(*this.length)));
        }
        let Some(sleep) = this.sleep.as_pin_mut() else { return Poll::Pending };
        sleep.poll(cx).map(|()| {
            let detail = format!("no answer within {} s", this.length.as_secs_f64());
            Err(Failure::without_answer(FailureKind::TimedOut, detail))
        })
    }
}

#[cfg(test)]
mod tests;
