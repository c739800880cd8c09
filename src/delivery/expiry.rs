//! The layer that ends a step when it has become too old, and what that layer and those below it tell each other.
//!
//! In: work with a deadline on tokio's clock, which no change of the wall clock moves. Out: `expired`, unless an attempt is
//! under way, which is left to end. It knows neither events nor ages.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower::{Layer, Service};

use super::{Failure, FailureKind, Receipt, Work};
use crate::courier::Generation;

/// Until when a step may be attempted, and how far it has got. Shared by the layer and all attempts of the step.
#[derive(Debug)]
pub struct Expiry {
    deadline: Instant,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    is_under_way: bool,
    /// The generation that is due next
    generation: Generation,
    /// What became of the last attempt, if it failed
    last: String,
}

impl Expiry {
    /// No attempt begins at `deadline` or later; the first one has keys of `generation`.
    pub fn new(deadline: Instant, generation: Generation) -> Self {
        let progress = Progress { is_under_way: false, generation, last: String::new() };
        Self { deadline, progress: Mutex::new(progress) }
    }

    /// How long it is until then.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// An attempt begins.
    pub(super) fn attempt(&self) {
        self.lock().is_under_way = true;
    }

    /// An attempt has ended. Another one might have keys of `generation`.
    pub(super) fn rest(&self, generation: Generation, failure: Option<&Failure>) {
        let last = failure.map(ToString::to_string).unwrap_or_default();
        *self.lock() = Progress { is_under_way: false, generation, last };
    }

    /// Whether an attempt that begins at `moment` is too late.
    pub(super) fn forbids(&self, moment: Instant) -> bool {
        moment >= self.deadline
    }

    /// What the step ends with when it is too late.
    pub(super) fn failure(&self) -> Failure {
        let Progress { generation, last, .. } = &*self.lock();
        let failure = Failure::without_answer(FailureKind::Expired, last.as_str());
        Failure { generation: *generation, ..failure }
    }

    fn is_under_way(&self) -> bool {
        self.lock().is_under_way
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By what they stand for: until when.
impl PartialEq for Expiry {
    fn eq(&self, other: &Self) -> bool {
        self.deadline == other.deadline
    }
}

impl Eq for Expiry {}

/// Puts [`Expires`] around a service.
#[derive(Clone, Copy, Debug)]
pub struct ExpiryLayer;

/// Ends work at its deadline, if it has one.
#[derive(Clone, Debug)]
pub struct Expires<S>(S);

impl<S> Expires<S> {
    /// The service that does the work.
    pub(super) const fn get_mut(&mut self) -> &mut S {
        &mut self.0
    }
}

impl<S> Layer<S> for ExpiryLayer {
    type Service = Expires<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Expires(inner)
    }
}

impl<S> Service<Work> for Expires<S>
where
    S: Service<Work, Response = Receipt, Error = Failure>,
{
    type Response = Receipt;
    type Error = Failure;
    type Future = ExpiringFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, work: Work) -> Self::Future {
        let expiry = work.expiry.clone();
        ExpiringFuture { inner: self.0.call(work), expiry, sleep: None }
    }
}

pin_project! {
    /// Work that ends at its deadline, if not before.
    pub struct ExpiringFuture<F> {
        #[pin]
        inner: F,
        expiry: Option<Arc<Expiry>>,
        // In a box, since most work ends before it has to wait, and each has to carry it
        sleep: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future<Output = Result<Receipt, Failure>>> Future for ExpiringFuture<F> {
    type Output = F::Output;

    // Correctness: woken by the work and, between its attempts, by the deadline. It is looked at before the work is
    // polled, which might begin an attempt then. Dropping the work gives up its place in every queue.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(expiry) = this.expiry else { return this.inner.poll(cx) };
        if !expiry.is_under_way() && expiry.forbids(Instant::now()) {
            return Poll::Ready(Err(expiry.failure()));
        }
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result);
        }
        if expiry.is_under_way() {
            return Poll::Pending;
        }
        let until = || Box::pin(tokio::time::sleep_until(expiry.deadline));
        ready!(this.sleep.get_or_insert_with(until).as_mut().poll(cx));
        Poll::Ready(Err(expiry.failure()))
    }
}

impl<F> std::fmt::Debug for ExpiringFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExpiringFuture").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
