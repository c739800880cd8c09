//! A record of several events that is being taken in, as there is room.

use crate::event::{Event, Origin};
use crate::finalization::{BatchNotifier, Done, EventFinalizer};
use crate::ingest::{DecodeError, Decoding};

type Decoded = Result<Event, DecodeError>;

/// An event of a record, whom to tell, and what of it is done.
pub(super) struct Taken {
    pub(super) event: Decoded,
    pub(super) finalizer: EventFinalizer,
    pub(super) done: Done,
}

/// The rest of a record. Security: its events are decoded one by one, so that the window bounds them, not the record.
pub(super) struct OpenRecord {
    next: Taken,
    after_next: Option<Decoded>,
    rest: Decoding,
    notifier: BatchNotifier,
    done: Done,
    /// How many events were found
    found: usize,
}

/// What a record turns out to hold.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one match; a box would cost every event an allocation"
)]
pub(super) enum Content {
    Nothing(EventFinalizer),
    One(Taken),
    Several(Box<OpenRecord>),
}

impl OpenRecord {
    /// Looks at the first two events of a record of which so much is done.
    pub(super) fn open(mut decoding: Decoding, finalizer: EventFinalizer, done: Done) -> Content {
        let Some(event) = decoding.next() else { return Content::Nothing(finalizer) };
        let Some(second) = decoding.next() else {
            return Content::One(Taken { event, finalizer, done });
        };
        let notifier = finalizer.share();
        let next = Taken { event, finalizer: notifier.finalizer(), done: done.part(0) };
        let after_next = Some(second);
        Content::Several(Box::new(Self {
            next,
            after_next,
            rest: decoding,
            notifier,
            done,
            found: 1,
        }))
    }

    pub(super) const fn origin(&self) -> &Origin {
        self.rest.origin()
    }

    /// The next event, and what is left behind it. That has its finalizer already: dropped, it is Errored.
    pub(super) fn take(mut self: Box<Self>) -> (Taken, Option<Box<Self>>) {
        let Some(event) = self.after_next.take().or_else(|| self.rest.next()) else {
            return (self.next, None);
        };
        let (finalizer, done) = (self.notifier.finalizer(), self.done.part(self.found));
        self.found += 1;
        let next = std::mem::replace(&mut self.next, Taken { event, finalizer, done });
        (next, Some(self))
    }
}
