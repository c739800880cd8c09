//! The layer that makes every attempt wait for its turn, its token and its permit.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Span;

use super::gate::{Admitted, Gate, Report, Turn};
use super::{Call, Failure, FailureKind, Receipt};
use crate::courier::Class;
use crate::telemetry::{AttemptEnd, Tally};

/// Puts [`Admission`] around a service.
#[derive(Clone, Debug)]
pub struct AdmissionLayer {
    gate: Arc<Gate>,
    class: Class,
    tally: Arc<Tally>,
}

/// Admits attempts of one class through the sink's [`Gate`], counts them, and tells the gate how they ended.
pub struct Admission<S> {
    inner: S,
    layer: AdmissionLayer,
    turn: Turn,
    waiting: Option<Pin<Box<dyn Future<Output = Admitted> + Send>>>,
    admitted: Option<Admitted>,
    /// In a box: it is rare, and every call carries a clone of this service
    broken: Option<Box<Failure>>,
}

impl AdmissionLayer {
    /// The layer for the stack of `class`.
    pub const fn new(gate: Arc<Gate>, class: Class, tally: Arc<Tally>) -> Self {
        Self { gate, class, tally }
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admission<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Admission {
            inner,
            layer: self.clone(),
            turn: Turn::First,
            waiting: None,
            admitted: None,
            broken: None,
        }
    }
}

impl<S: Clone> Clone for Admission<S> {
    /// A clone has to wait for its own turn, which is a retry's: that is what clones are made for.
    fn clone(&self) -> Self {
        Self { turn: Turn::Retry, ..self.layer.layer(self.inner.clone()) }
    }
}

impl<S: fmt::Debug> fmt::Debug for Admission<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("inner", &self.inner)
            .field("class", &self.layer.class)
            .field("is_admitted", &self.admitted.is_some())
            .finish_non_exhaustive()
    }
}

impl<S> Admission<S> {
    /// What is admitted next is a first try.
    pub(super) fn for_first_tries(&mut self) {
        self.turn = Turn::First;
    }

    fn poll_admitted(&mut self, cx: &mut Context<'_>) -> Poll<Admitted> {
        let AdmissionLayer { gate, class, .. } = &self.layer;
        if self.waiting.is_none()
            && let Some(admitted) = gate.try_admit(*class, self.turn)
        {
            return Poll::Ready(admitted);
        }
        let waiting =
            self.waiting.get_or_insert_with(|| Box::pin(Arc::clone(gate).admit(*class, self.turn)));
        let admitted = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(admitted)
    }
}

impl<S> Service<Call> for Admission<S>
where
    S: Service<Call, Response = Receipt, Error = Failure>,
{
    type Response = Receipt;
    type Error = Failure;
    type Future = Attempt<S::Future>;

    // Correctness: woken by the gate's future, then by the inner service. Dropped here, the place in the queue and
    // whatever was admitted go back. The inner service comes last: its readiness may be something it has few of, and a
    // paused class must not sit on that either. One that cannot be made ready is delivery trouble, which belongs to a
    // call: it is kept for the next one.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.admitted.is_none() {
            self.admitted = Some(ready!(self.poll_admitted(cx)));
        }
        if self.broken.is_none() {
            self.broken = ready!(self.inner.poll_ready(cx)).err().map(Box::new);
        }
        Poll::Ready(Ok(()))
    }

    /// # Panics
    ///
    /// When called without `poll_ready` having said ready, as tower's contract has it.
    fn call(&mut self, call: Call) -> Self::Future {
        let admitted = self.admitted.take().expect("poll_ready must be ready before call");
        let layer = self.layer.clone();
        if let Some(failure) = self.broken.take() {
            return Attempt {
                kind: Kind::Broken { failure: Some(failure) },
                layer,
                forbidden_at: call.forbidden_at,
                admitted: Some(admitted),
                bytes: 0,
                span: Span::none(),
            };
        }
        layer.tally.request(&call.request);
        let span = tracing::debug_span!(
            "attempt",
            endpoint = call.request.endpoint().as_str(),
            waited_for = tracing::field::Empty,
            waited_seconds = tracing::field::Empty,
            status = tracing::field::Empty,
            failed = tracing::field::Empty
        );
        if let Some(waits) = &admitted.waited {
            layer.tally.waited(waits.longest, waits.total);
            span.record("waited_for", waits.longest.as_str());
            span.record("waited_seconds", waits.total.as_secs_f64());
            if let Some(trail) = &call.trail {
                trail.admitted(waits.longest, &waits.times);
            }
        }
        Attempt {
            layer,
            bytes: call.request.body_len(),
            span,
            forbidden_at: call.forbidden_at,
            kind: Kind::Sent { future: self.inner.call(call) },
            admitted: Some(admitted),
        }
    }
}

pin_project! {
    /// One admitted attempt. Its permit goes back when it ends or is dropped; a token is never given back.
    #[derive(Debug)]
    pub struct Attempt<F> {
        #[pin]
        kind: Kind<F>,
        layer: AdmissionLayer,
        forbidden_at: Option<u64>,
        admitted: Option<Admitted>,
        bytes: usize,
        span: Span,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<F> {
        Sent { #[pin] future: F },
        Broken { failure: Option<Box<Failure>> },
    }
}

impl<F: Future<Output = Result<Receipt, Failure>>> Future for Attempt<F> {
    type Output = F::Output;

    // Correctness: woken by the attempt. Dropped here, the permit goes back and the gate learns nothing.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = match this.kind.project() {
            KindProjection::Sent { future } => {
                let _entered = this.span.enter();
                ready!(future.poll(cx))
            }
            KindProjection::Broken { failure } => {
                Err(*failure.take().expect("a future is not polled after it is ready"))
            }
        };
        if let Err(failure) = &mut result
            && failure.kind == FailureKind::Forbidden
            && this.forbidden_at.is_some_and(|before| before < this.layer.gate.resumes())
        {
            // Others were let through since it was refused: it is the request, then, not the key.
            failure.kind = FailureKind::Refused;
        }
        if let Some(admitted) = this.admitted.take() {
            let report = admitted.report(&result);
            tell(this.layer, this.span, *this.bytes, &result, &report);
        }
        Poll::Ready(result)
    }
}

/// Counts the end of an attempt.
fn tell(
    AdmissionLayer { class, tally, .. }: &AdmissionLayer,
    span: &Span,
    bytes: usize,
    result: &Result<Receipt, Failure>,
    report: &Report,
) {
    let (status, failed) = match result {
        Ok(receipt) => (Some(receipt.status), None),
        Err(failure) => {
            let status = failure.answer.as_ref().map(|answer| answer.status);
            (status, Some(failure.kind.as_str()))
        }
    };
    tally.attempt(AttemptEnd { status, failed, rtt: report.rtt });
    tally.load(report.load);
    if report.is_pause {
        tally.pause(*class);
    }
    if let Some(reason) = report.held {
        tally.hold(reason.as_str());
    }
    if result.is_ok() {
        tally.sent(bytes);
    }
    if let Some(status) = status {
        span.record("status", status);
    }
    if let Some(kind) = failed {
        span.record("failed", kind);
    }
}

#[cfg(test)]
mod tests;
