//! A record of several events that is being taken in, as there is room.

use crate::event::{Event, Origin};
use crate::finalization::{BatchNotifier, EventFinalizer};
use crate::ingest::{DecodeError, Decoding};

type Decoded = Result<Event, DecodeError>;

/// The rest of a record. Security: its events are decoded one by one, so that the window bounds them, not the record.
pub(super) struct OpenRecord {
    next: Decoded,
    after_next: Option<Decoded>,
    rest: Decoding,
    notifier: BatchNotifier,
}

/// What a record turns out to hold.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one match; a box would cost every event an allocation"
)]
pub(super) enum Content {
    Nothing(EventFinalizer),
    One(Decoded, EventFinalizer),
    Several(Box<OpenRecord>),
}

impl OpenRecord {
    /// Looks at the first two events.
    pub(super) fn open(mut decoding: Decoding, finalizer: EventFinalizer) -> Content {
        let Some(first) = decoding.next() else { return Content::Nothing(finalizer) };
        match decoding.next() {
            None => Content::One(first, finalizer),
            Some(second) => Content::Several(Box::new(Self {
                next: first,
                after_next: Some(second),
                rest: decoding,
                notifier: finalizer.share(),
            })),
        }
    }

    pub(super) const fn origin(&self) -> &Origin {
        self.rest.origin()
    }

    /// The next event, whom to tell, and what is left.
    pub(super) fn take(mut self: Box<Self>) -> (Decoded, EventFinalizer, Option<Box<Self>>) {
        let finalizer = self.notifier.finalizer();
        match self.after_next.take().or_else(|| self.rest.next()) {
            Some(next) => {
                let event = std::mem::replace(&mut self.next, next);
                (event, finalizer, Some(self))
            }
            None => (self.next, finalizer, None),
        }
    }
}
