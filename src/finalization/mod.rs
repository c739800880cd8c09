//! How an event's end is told to whoever sent it: exactly once, whatever happens.
//!
//! The vocabulary is vector-core's. One thing differs on purpose: a finalizer that is dropped without a word says
//! [`EventStatus::Errored`], so that a lost event can never look delivered.

use std::fmt;

mod batch;
mod done;
mod ending_by;

pub use batch::{BatchNotifier, BatchStatusReceiver};
pub use done::{Advance, Done};

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

    /// Something more of it is done for good, though it has not ended. Whoever sends it again and notes this in a
    /// [`Done`] can hand that over with the record, so that nothing is done twice. Does nothing unless it is implemented.
    fn advance(&mut self, _advance: &Advance<'_>) {}

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

    /// Says that something more of it is done for good.
    pub fn advance(&mut self, advance: &Advance<'_>) {
        if let Some(acknowledge) = &mut self.0 {
            acknowledge.advance(advance);
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

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

    /// Notes what is done.
    struct Keeping(Arc<Mutex<Done>>);

    impl Acknowledge for Keeping {
        fn acknowledge(self: Box<Self>, _: EventStatus) {}

        fn advance(&mut self, advance: &Advance<'_>) {
            self.0.lock().unwrap().note(advance);
        }
    }

    #[test]
    fn a_whole_hears_which_of_its_parts_and_theirs_are_done_for_good() {
        let done = Arc::default();
        let whole = EventFinalizer::new(Keeping(Arc::clone(&done))).share();
        let (one, two, three) = (whole.finalizer(), whole.finalizer(), whole.finalizer());
        one.finalize(EventStatus::Rejected);
        let mut part = two.share().finalizer();
        part.advance(&Advance::Back(2));
        drop((part, three));
        let done = done.lock().unwrap();
        assert!(done.part(0).is_whole() && done.part(2).is_nothing());
        assert_eq!(done.part(1).part(0).generation(), 2);
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
