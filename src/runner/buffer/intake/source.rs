//! Whom a record that arrives is from, and what that one is told.

use std::sync::atomic::Ordering;

use crate::finalization::{Advance, EventFinalizer, EventStatus};
use crate::runner::buffer::Shared;

/// The source of one record.
pub(super) struct Source {
    pub(super) finalizer: EventFinalizer,
    /// Whether the record could not be stored before: it is counted among those
    pub(super) went_back: bool,
}

/// Tells `sources` that their records are stored, or discarded as was asked for.
pub(super) fn accept(shared: &Shared, sources: Vec<Source>) {
    for Source { finalizer, went_back } in sources {
        if went_back {
            shared.unstored.fetch_sub(1, Ordering::Relaxed);
        }
        finalizer.finalize(EventStatus::Delivered);
    }
}

/// Tells `sources` that their records could not be stored.
pub(super) fn give_back(shared: &Shared, sources: Vec<Source>) {
    for Source { mut finalizer, went_back } in sources {
        if !went_back {
            shared.unstored.fetch_add(1, Ordering::Relaxed);
        }
        finalizer.advance(&Advance::Back(0));
        finalizer.finalize(EventStatus::Errored);
    }
}
