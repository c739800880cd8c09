//! The layer that notes every attempt of events whose life is journalled, and what it waited for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{Layer, Service};

use super::gate::Gate;
use super::{Call, Failure, Receipt};
use crate::courier::{Class, Endpoint};
use crate::journal::Trail;

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
            self.waits_for = Some(self.layer.gate.constraint(self.layer.class));
        }
        polled
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let waits_for = self.waits_for.take();
        let about = call.trail.as_ref().map(|trail| {
            Box::new(About {
                trail: Arc::clone(trail),
                endpoint: call.request.endpoint(),
                started: Instant::now(),
                waits_for,
            })
        });
        Noted { future: self.inner.call(call), about }
    }
}

#[derive(Debug)]
struct About {
    trail: Arc<Trail>,
    endpoint: Endpoint,
    started: Instant,
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
            let About { trail, endpoint, started, waits_for } = *about;
            let answer = match &result {
                Ok(receipt) => format!("answered {}", receipt.status),
                Err(failure) => failure.to_string(),
            };
            trail.attempted(endpoint, started, waits_for, &answer);
        }
        Poll::Ready(result)
    }
}
