//! A step on its way through the stack.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use crate::batch::Parcel;
use crate::courier::Endpoint;
use crate::delivery::{Failure, FailureKind, Receipt};

pin_project! {
    /// A future that says whose it is when it is done.
    pub(super) struct InFlight<F> {
        pub(super) parcel: Parcel,
        endpoint: Endpoint,
        #[pin]
        future: Option<F>,
        waker: Option<Waker>,
    }
}

/// How a step went.
pub(super) struct Landed {
    pub(super) parcel: Parcel,
    pub(super) endpoint: Endpoint,
    pub(super) result: Result<Receipt, Failure>,
}

/// What is said of a step that kept others waiting for too long.
pub(super) fn overdue() -> Failure {
    Failure::without_answer(
        FailureKind::TimedOut,
        "those behind it have waited for `ordering_max_wait_secs`",
    )
}

impl<F> InFlight<F> {
    pub(super) const fn new(parcel: Parcel, endpoint: Endpoint, future: F) -> Self {
        Self { parcel, endpoint, future: Some(future), waker: None }
    }

    /// Drops what is under way, and with it its permit or its place in a queue: it lands as overdue.
    // Correctness: nothing else would wake us after that.
    pub(super) fn give_up(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.future.set(None);
        if let Some(waker) = this.waker.take() {
            waker.wake();
        }
    }
}

impl<F: Future<Output = Result<Receipt, Failure>>> Future for InFlight<F> {
    type Output = Landed;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = match this.future.as_pin_mut() {
            Some(future) => {
                let result = future.poll(cx);
                if result.is_pending()
                    && !this.waker.as_ref().is_some_and(|it| it.will_wake(cx.waker()))
                {
                    *this.waker = Some(cx.waker().clone());
                }
                ready!(result)
            }
            None => Err(overdue()),
        };
        Poll::Ready(Landed { parcel: this.parcel.clone(), endpoint: *this.endpoint, result })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Ready;

    use tower::Service;
    use tower::util::ServiceFn;

    use super::*;
    use crate::delivery::{Call, Stack, Work};

    /// glibc keeps blocks of up to 1032 bytes at hand and searches for larger ones, which once made every event a third
    /// dearer. A step is in one block with about 90 bytes of its set.
    #[test]
    fn a_step_under_way_fits_a_block_that_is_allocated_fast() {
        type Transport = ServiceFn<fn(Call) -> Ready<Result<Receipt, Failure>>>;
        let size = size_of::<InFlight<<Stack<Transport> as Service<Work>>::Future>>();
        assert!(size <= 920, "{size} bytes");
    }
}
