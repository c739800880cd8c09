//! Whom a record that arrives is from, and what that one is told.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use crate::finalization::{Advance, EventFinalizer, EventStatus};
use crate::runner::buffer::Shared;

/// The source of one record.
pub(super) struct Source {
    pub(super) finalizer: EventFinalizer,
    /// Whether the record could not be stored before: it is counted among those
    pub(super) went_back: bool,
    /// When it arrived
    pub(super) since: Instant,
}

/// Tells `sources` that their records are stored, or discarded as was asked for.
pub(super) fn accept(shared: &Shared, sources: Vec<Source>) {
    for Source { finalizer, went_back, .. } in sources {
        if went_back {
            shared.unstored.fetch_sub(1, Ordering::Relaxed);
        }
        finalizer.finalize(EventStatus::Delivered);
    }
}

/// Tells `sources` that their records could not be stored.
pub(super) fn give_back(shared: &Shared, sources: Vec<Source>) {
    for Source { mut finalizer, went_back, .. } in sources {
        if !went_back {
            shared.unstored.fetch_add(1, Ordering::Relaxed);
        }
        finalizer.advance(&Advance::Back(0));
        finalizer.finalize(EventStatus::Errored);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU64;

    use tokio::sync::Notify;

    use super::*;
    use crate::finalization::{Acknowledge, Done};
    use crate::runner::buffer::ledger::Ledger;
    use crate::runner::buffer::state::State;

    fn shared() -> Shared {
        Shared {
            path: "buffer.redb".into(),
            state: Mutex::new(State::new(Ledger::starting_at(1), 0, None)),
            work: Notify::new(),
            room: Notify::new(),
            left_before: 0,
            has_lost_uncounted: false,
            used_before: 0,
            stored: AtomicU64::new(0),
            is_salvaged: false,
            lost: AtomicU64::new(0),
            discarded: AtomicU64::new(0),
            discarded_bytes: AtomicU64::new(0),
            unstored: AtomicU64::new(0),
        }
    }

    /// Sends a record until it is stored.
    #[derive(Clone, Default)]
    struct Sender(std::sync::Arc<Mutex<Done>>);

    impl Acknowledge for Sender {
        fn acknowledge(self: Box<Self>, _: EventStatus) {}

        fn advance(&mut self, advance: &Advance<'_>) {
            self.0.lock().unwrap().note(advance);
        }
    }

    #[test]
    fn what_could_not_be_stored_counts_once_and_no_more_when_it_is() {
        let (shared, sender) = (shared(), Sender::default());
        let sends = || {
            let went_back = sender.0.lock().unwrap().went_back();
            let (finalizer, since) = (EventFinalizer::new(sender.clone()), Instant::now());
            vec![Source { finalizer, went_back, since }]
        };
        let unstored = || shared.unstored.load(Ordering::Relaxed);
        for _ in 0..2 {
            give_back(&shared, sends());
            assert_eq!(unstored(), 1);
        }
        accept(&shared, sends());
        assert_eq!(unstored(), 0);
    }
}
