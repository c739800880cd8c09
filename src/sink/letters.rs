//! Letters being kept, and the events that wait for it: an event is Rejected only when its letter is safe.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use super::{DeadLetter, DeadLetterError, DeadLetters, Resume};
use crate::event::Origin;
use crate::finalization::{EventFinalizer, EventStatus};
use crate::telemetry::{Rejection, Tally};

/// Letters under way. Security: bounded by the window, since their events have not left it.
pub(super) struct Letters {
    keeper: Arc<dyn DeadLetters>,
    tally: Arc<Tally>,
    under_way: FuturesUnordered<BoxFuture<'static, Kept>>,
}

/// A letter that is kept, or could not be.
struct Kept {
    reason: Rejection,
    finalizer: EventFinalizer,
    weight: usize,
    result: Result<(), DeadLetterError>,
}

impl Letters {
    pub(super) fn new(keeper: Arc<dyn DeadLetters>, tally: Arc<Tally>) -> Self {
        Self { keeper, tally, under_way: FuturesUnordered::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Keeps `letter` and then ends its event, which takes `weight` of the window until then.
    pub(super) fn send(&self, letter: DeadLetter, finalizer: EventFinalizer, weight: usize) {
        tracing::warn!(
            reason = %letter.reason,
            origin = %letter.origin,
            detail = %letter.detail,
            "event rejected"
        );
        let reason = letter.reason;
        let keep = self.keeper.keep(letter);
        self.under_way
            .push(Box::pin(async move { Kept { reason, finalizer, weight, result: keep.await } }));
    }

    /// Tells where an event that ends Errored is to go on.
    pub(super) fn returned(&self, origin: &Origin, resume: Resume, detail: &str) {
        self.keeper.returned(origin, resume, detail);
    }

    /// Ends the next event whose letter is settled, and gives its weight.
    // Correctness: woken by the keeper's futures. Dropped here, the finalizers say `Errored`.
    pub(super) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        match self.under_way.poll_next_unpin(cx) {
            Poll::Ready(Some(kept)) => {
                match kept.result {
                    Ok(()) => {
                        self.tally.rejected(kept.reason);
                        kept.finalizer.finalize(EventStatus::Rejected);
                    }
                    Err(error) => {
                        tracing::error!(%error, "rejected event stays with its source");
                        self.tally.errored();
                        kept.finalizer.finalize(EventStatus::Errored);
                    }
                }
                Poll::Ready(kept.weight)
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}
