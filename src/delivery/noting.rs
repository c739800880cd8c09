//! The layer that notes every attempt of events whose life is journalled or traced, and what it waited for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::gate::Gate;
use super::{Call, Failure, Receipt};
use crate::courier::Class;
use crate::journal::{Begun, Trail};

/// Puts [`Noting`] around a service.
#[derive(Clone, Debug)]
pub struct NotingLayer {
    gate: Arc<Gate>,
    class: Class,
}

/// Notes attempts on their [`Trail`]; a call without one costs nothing.
#[derive(Debug)]
pub struct Noting<S> {
    inner: S,
    layer: NotingLayer,
    /// What kept the next attempt from being admitted when it asked first
    waits_for: Option<&'static str>,
}

impl NotingLayer {
    /// The layer for the stack of `class`, above admission.
    pub const fn new(gate: Arc<Gate>, class: Class) -> Self {
        Self { gate, class }
    }
}

impl<S> Layer<S> for NotingLayer {
    type Service = Noting<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Noting { inner, layer: self.clone(), waits_for: None }
    }
}

impl<S: Clone> Clone for Noting<S> {
    /// A clone has not waited for anything yet.
    fn clone(&self) -> Self {
        self.layer.layer(self.inner.clone())
    }
}

impl<S> Noting<S> {
    /// The service that is admitted.
    pub(super) const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S> Service<Call> for Noting<S>
where
    S: Service<Call, Response = Receipt, Error = Failure>,
{
    type Response = Receipt;
    type Error = Failure;
    type Future = Noted<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let polled = self.inner.poll_ready(cx);
        if polled.is_pending() && self.waits_for.is_none() {
            self.waits_for = self.layer.gate.constraint(self.layer.class);
        }
        polled
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let waits_for = self.waits_for.take();
        let about = call.trail.clone().map(|trail| (trail, call.request.endpoint()));
        let future = self.inner.call(call);
        // Only now does the trail know what admission has waited for.
        let about = about.map(|(trail, endpoint)| {
            let begun = trail.begin(endpoint);
            Box::new(About { trail, begun, waits_for })
        });
        Noted { future, about }
    }
}

#[derive(Debug)]
struct About {
    trail: Arc<Trail>,
    begun: Begun,
    waits_for: Option<&'static str>,
}

pin_project! {
    /// One attempt. Dropped before its end, it is not noted.
    #[derive(Debug)]
    pub struct Noted<F> {
        #[pin]
        future: F,
        about: Option<Box<About>>,
    }
}

impl<F: Future<Output = Result<Receipt, Failure>>> Future for Noted<F> {
    type Output = F::Output;

    // Correctness: woken by the attempt, and nothing is awaited besides.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.future.poll(cx));
        if let Some(about) = this.about.take() {
            let About { trail, begun, waits_for } = *about;
            let end = match &result {
                Ok(receipt) => (Some(receipt.status), None),
                Err(failure) => {
                    let status = failure.answer.as_ref().map(|answer| answer.status);
                    (status, Some(failure.kind.as_str()))
                }
            };
            let answer = || match &result {
                Ok(receipt) => format!("answered {}", receipt.status),
                Err(failure) => failure.to_string(),
            };
            trail.attempted(begun, waits_for, end, answer);
        }
        Poll::Ready(result)
    }
}
