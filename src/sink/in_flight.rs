//! A step on its way through the stack.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::batch::Parcel;
use crate::courier::Endpoint;
use crate::delivery::{Failure, Receipt};

pin_project! {
    /// A future that says whose it is when it is done.
    pub(super) struct InFlight<F> {
        pub(super) parcel: Parcel,
        pub(super) endpoint: Endpoint,
        #[pin]
        pub(super) future: F,
    }
}

/// How a step went.
pub(super) struct Landed {
    pub(super) parcel: Parcel,
    pub(super) endpoint: Endpoint,
    pub(super) result: Result<Receipt, Failure>,
}

impl<F: Future<Output = Result<Receipt, Failure>>> Future for InFlight<F> {
    type Output = Landed;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.future.poll(cx));
        Poll::Ready(Landed { parcel: this.parcel.clone(), endpoint: *this.endpoint, result })
    }
}
