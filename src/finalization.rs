//! How an event's end is told to whoever sent it: exactly once, whatever happens.
//!
//! The vocabulary is vector-core's. One thing differs on purpose: a finalizer that is dropped without a word says
//! [`EventStatus::Errored`], so that a lost event can never look delivered.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// How one event ended. Ordered by what the source must do about it: nothing, nothing, keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventStatus {
    /// Courier has it, or it was deliberately skipped.
    Delivered,
    /// It can never be delivered as it is; a dead letter says why.
    Rejected,
    /// It was not delivered and may be later: the source keeps it.
    Errored,
}

/// Anything that can be told how an event ended. Closures can; so can an embedder's own finalizers in a few lines.
pub trait Acknowledge: Send {
    /// Called exactly once.
    fn acknowledge(self: Box<Self>, status: EventStatus);

    /// One of several parts has ended Errored, so the whole will, though others have not ended: called at once, and at
    /// most once, so that nothing newer need be sent that would overtake it. Does nothing unless it is implemented.
    fn foretell_errored(&mut self) {}

    /// Whether the source sends this again whatever becomes of it, since something before it went back. Whoever holds it
    /// and has not begun had better give it back as well. `false` unless it is implemented.
    fn is_recalled(&self) -> bool {
        false
    }
}

impl<F: FnOnce(EventStatus) + Send> Acknowledge for F {
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        self(status);
    }
}

/// Carries one event's acknowledgement. Dropping it without [`EventFinalizer::finalize`] says `Errored`.
pub struct EventFinalizer(Option<Box<dyn Acknowledge>>);

impl EventFinalizer {
    /// Will tell `acknowledge`.
    pub fn new(acknowledge: impl Acknowledge + 'static) -> Self {
        Self(Some(Box::new(acknowledge)))
    }

    /// Tells nobody.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Ends the event with `status`.
    pub fn finalize(mut self, status: EventStatus) {
        if let Some(acknowledge) = self.0.take() {
            acknowledge.acknowledge(status);
        }
    }

    /// Says that it will end Errored, since a part of it has.
    pub fn foretell_errored(&mut self) {
        if let Some(acknowledge) = &mut self.0 {
            acknowledge.foretell_errored();
        }
    }

    /// Whether its source sends it again whatever becomes of it.
    pub fn is_recalled(&self) -> bool {
        self.0.as_ref().is_some_and(|acknowledge| acknowledge.is_recalled())
    }

    /// Becomes a notifier for parts. The whole ends when the notifier and its last part have, with the worst status among
    /// the parts; without any, as `Delivered`.
    pub fn share(self) -> BatchNotifier {
        BatchNotifier::telling(self)
    }
}

impl Drop for EventFinalizer {
    fn drop(&mut self) {
        if let Some(acknowledge) = self.0.take() {
            acknowledge.acknowledge(EventStatus::Errored);
        }
    }
}

impl fmt::Debug for EventFinalizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventFinalizer").field(&self.0.is_some()).finish()
    }
}

/// Gathers the ends of many events into one, the worst.
///
/// It tells its status when it and all its finalizers are gone; with no finalizer made, `Delivered`. That one is Errored it
/// foretells at once.
#[derive(Debug)]
pub struct BatchNotifier(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    worst: Mutex<EventStatus>,
    whole: Mutex<Option<EventFinalizer>>,
}

/// Resolves to the worst status of a batch.
#[derive(Debug)]
pub struct BatchStatusReceiver(oneshot::Receiver<EventStatus>);

impl BatchNotifier {
    /// A notifier, and the future that resolves when the last of its finalizers has ended.
    pub fn new_with_receiver() -> (Self, BatchStatusReceiver) {
        let (sender, receiver) = oneshot::channel();
        let whole = EventFinalizer::new(move |status| {
            // The receiver may be gone: then nobody wants to know.
            let _ = sender.send(status);
        });
        (Self::telling(whole), BatchStatusReceiver(receiver))
    }

    fn telling(whole: EventFinalizer) -> Self {
        Self(Arc::new(Shared {
            worst: Mutex::new(EventStatus::Delivered),
            whole: Mutex::new(Some(whole)),
        }))
    }

    /// A finalizer for one event of the batch.
    pub fn finalizer(&self) -> EventFinalizer {
        EventFinalizer::new(Part(Arc::clone(&self.0)))
    }
}

impl Shared {
    /// One part has ended like this, or will.
    fn note(&self, status: EventStatus) {
        let before = {
            let mut worst = self.worst.lock().unwrap_or_else(PoisonError::into_inner);
            let before = *worst;
            *worst = status.max(before);
            before
        };
        if status == EventStatus::Errored && before != EventStatus::Errored {
            let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(whole) = whole.as_mut() {
                whole.foretell_errored();
            }
        }
    }
}

/// One event of a batch.
struct Part(Arc<Shared>);

impl Acknowledge for Part {
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        self.0.note(status);
    }

    fn foretell_errored(&mut self) {
        self.0.note(EventStatus::Errored);
    }

    fn is_recalled(&self) -> bool {
        let whole = self.0.whole.lock().unwrap_or_else(PoisonError::into_inner);
        whole.as_ref().is_some_and(EventFinalizer::is_recalled)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let worst = *self.worst.get_mut().unwrap_or_else(PoisonError::into_inner);
        let whole = self.whole.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(whole) = whole {
            whole.finalize(worst);
        }
    }
}

impl Future for BatchStatusReceiver {
    type Output = EventStatus;

    // Correctness: the notifier's last finalizer wakes us; dropping this future only means nobody listens.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|told| told.unwrap_or(EventStatus::Errored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(receiver: BatchStatusReceiver) -> Option<EventStatus> {
        futures::FutureExt::now_or_never(receiver)
    }

    #[test]
    fn a_dropped_finalizer_is_errored() {
        let (batch, receiver) = BatchNotifier::new_with_receiver();
        drop((batch.finalizer(), batch));
        assert_eq!(now(receiver), Some(EventStatus::Errored));
    }

    #[test]
    fn the_worst_status_wins_and_the_last_one_tells() {
        let (batch, mut receiver) = BatchNotifier::new_with_receiver();
        let (first, second) = (batch.finalizer(), batch.finalizer());
        drop(batch);
        first.finalize(EventStatus::Rejected);
        assert!(futures::FutureExt::now_or_never(&mut receiver).is_none());
        second.finalize(EventStatus::Delivered);
        assert_eq!(now(receiver), Some(EventStatus::Rejected));
    }

    /// Notes what it is told, and is recalled once it is told that it will be Errored.
    struct Noting(Arc<Mutex<Vec<Option<EventStatus>>>>);

    impl Acknowledge for Noting {
        fn acknowledge(self: Box<Self>, status: EventStatus) {
            self.0.lock().unwrap().push(Some(status));
        }

        fn foretell_errored(&mut self) {
            self.0.lock().unwrap().push(None);
        }

        fn is_recalled(&self) -> bool {
            !self.0.lock().unwrap().is_empty()
        }
    }

    #[test]
    fn a_whole_hears_of_its_first_errored_part_at_once_and_of_its_end_when_all_have_ended() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let whole = EventFinalizer::new(Noting(Arc::clone(&told))).share();
        let (one, two, three) = (whole.finalizer(), whole.finalizer(), whole.finalizer());
        drop(whole);
        one.finalize(EventStatus::Rejected);
        // A part that has parts itself.
        let parts = two.share();
        let (first, second) = (parts.finalizer(), parts.finalizer());
        drop(parts);
        assert!(!second.is_recalled() && !three.is_recalled());
        drop(first);
        assert_eq!(*told.lock().unwrap(), [None]);
        assert!(second.is_recalled() && three.is_recalled());
        second.finalize(EventStatus::Delivered);
        drop(three);
        assert_eq!(*told.lock().unwrap(), [None, Some(EventStatus::Errored)]);
    }

    #[test]
    fn parts_end_the_whole_once() {
        for (statuses, whole) in [
            (vec![], EventStatus::Delivered),
            (vec![EventStatus::Rejected], EventStatus::Rejected),
            (
                vec![EventStatus::Delivered, EventStatus::Errored, EventStatus::Rejected],
                EventStatus::Errored,
            ),
        ] {
            let (batch, receiver) = BatchNotifier::new_with_receiver();
            let shared = batch.finalizer().share();
            drop(batch);
            for status in statuses {
                shared.finalizer().finalize(status);
            }
            drop(shared);
            assert_eq!(now(receiver), Some(whole));
        }
    }
}
