//! Letters being kept, and the events that wait for it: an event is Rejected only when its letter is safe.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use super::window::Room;
use super::{DeadLetter, DeadLetterError, DeadLetters, Resume};
use crate::event::Origin;
use crate::finalization::{Advance, EventFinalizer, EventStatus};
use crate::telemetry::{ErrorType, Rejection, Repeats, Tally};

/// Letters under way. Security: bounded by the window, since their events have not left it.
pub(super) struct Letters {
    keeper: Arc<dyn DeadLetters>,
    tally: Arc<Tally>,
    told: [AtomicBool; Rejection::ALL.len()],
    failing: Repeats,
    under_way: FuturesUnordered<BoxFuture<'static, Kept>>,
}

/// A letter that is kept, or could not be.
struct Kept {
    reason: Rejection,
    finalizer: EventFinalizer,
    room: Room,
    result: Result<(), DeadLetterError>,
}

impl Letters {
    pub(super) fn new(keeper: Arc<dyn DeadLetters>, tally: Arc<Tally>) -> Self {
        Self {
            keeper,
            tally,
            told: Default::default(),
            failing: Repeats::default(),
            under_way: FuturesUnordered::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Keeps `letter` and then ends its event, which keeps its `room` until then.
    pub(super) fn send(&self, letter: DeadLetter, finalizer: EventFinalizer, room: Room) {
        let reason = letter.reason;
        // The first of a kind is news; a million of them are a number, which the tally has.
        if self.is_first(reason) {
            tracing::warn!(
                %reason,
                origin = %letter.origin,
                detail = %letter.detail,
                "event rejected; further ones for this reason are logged at debug level only"
            );
        } else {
            tracing::debug!(%reason, origin = %letter.origin, detail = %letter.detail, "event rejected");
        }
        let keep = self.keeper.keep(letter);
        self.under_way
            .push(Box::pin(async move { Kept { reason, finalizer, room, result: keep.await } }));
    }

    fn is_first(&self, reason: Rejection) -> bool {
        let told = self.told.get(reason.index());
        told.is_some_and(|told| !told.swap(true, Ordering::Relaxed))
    }

    /// Tells where an event that ends Errored is to go on.
    pub(super) fn returned(&self, origin: &Origin, resume: Resume, detail: &str) {
        self.keeper.returned(origin, resume, detail);
    }

    /// Ends the next event whose letter is settled at `now`, and gives its room.
    // Correctness: woken by the keeper's futures. Dropped here, the finalizers say `Errored`.
    pub(super) fn poll_settled(&mut self, cx: &mut Context<'_>, now: Duration) -> Poll<Room> {
        match self.under_way.poll_next_unpin(cx) {
            Poll::Ready(Some(mut kept)) => {
                match kept.result {
                    Ok(()) => {
                        self.tally.rejected(kept.reason);
                        kept.finalizer.finalize(EventStatus::Rejected);
                    }
                    Err(error) => {
                        if let Some(suppressed) = self.failing.may_tell(now) {
                            tracing::error!(
                                %error,
                                suppressed,
                                "a dead letter cannot be kept: its event stays with its source"
                            );
                        }
                        self.tally.error(ErrorType::Writer);
                        self.tally.errored();
                        kept.finalizer.advance(&Advance::Back(0));
                        kept.finalizer.finalize(EventStatus::Errored);
                    }
                }
                Poll::Ready(kept.room)
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}
