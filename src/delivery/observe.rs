//! The outermost layer: sees one delivery as the operator does, all attempts, its end, or that it was given up.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Span;

use super::{Failure, Receipt, Verdict, Work};
use crate::courier::Class;
use crate::telemetry::{DeliveryEnd, Tally};

/// Puts [`Observe`] around a service.
#[derive(Clone, Debug)]
pub struct ObserveLayer {
    class: Class,
    tally: Arc<Tally>,
}

/// Counts deliveries, and gives each a span that its attempts are children of.
#[derive(Clone)]
pub struct Observe<S> {
    inner: S,
    layer: ObserveLayer,
}

impl ObserveLayer {
    /// The layer for the stack of `class`.
    pub const fn new(class: Class, tally: Arc<Tally>) -> Self {
        Self { class, tally }
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Observe { inner, layer: self.clone() }
    }
}

impl<S> Observe<S> {
    pub(super) const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S> Service<Work> for Observe<S>
where
    S: Service<Work, Response = Receipt, Error = Failure>,
{
    type Response = Receipt;
    type Error = Failure;
    type Future = Observed<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, work: Work) -> Self::Future {
        let span = tracing::debug_span!(
            "delivery",
            endpoint = work.action.endpoint().as_str(),
            outcome = tracing::field::Empty
        );
        let future = span.in_scope(|| self.inner.call(work));
        Observed { future, end: End { layer: Some(self.layer.clone()), span } }
    }
}

pin_project! {
    /// One delivery under way. Dropped before its end, it counts as cancelled.
    #[derive(Debug)]
    pub struct Observed<F> {
        #[pin]
        future: F,
        end: End,
    }
}

#[derive(Debug)]
struct End {
    /// None once it was told
    layer: Option<ObserveLayer>,
    span: Span,
}

impl End {
    fn tell(&mut self, end: DeliveryEnd) {
        if let Some(ObserveLayer { class, tally }) = self.layer.take() {
            tally.delivery(class, end);
            self.span.record("outcome", end.as_str());
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.tell(DeliveryEnd::Cancelled);
    }
}

impl<F: Future<Output = Result<Receipt, Failure>>> Future for Observed<F> {
    type Output = F::Output;

    // Correctness: woken by the delivery. Dropped here, it is told as cancelled, and nothing else is left.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = {
            let _entered = this.end.span.enter();
            ready!(this.future.poll(cx))
        };
        this.end.tell(match &result {
            Ok(_) => DeliveryEnd::Delivered,
            Err(failure) if failure.verdict() == Verdict::Reject => DeliveryEnd::Rejected,
            Err(_) => DeliveryEnd::Errored,
        });
        Poll::Ready(result)
    }
}

impl<S: fmt::Debug> fmt::Debug for Observe<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observe").field("inner", &self.inner).finish_non_exhaustive()
    }
}
