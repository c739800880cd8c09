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
    next: Decoded,
    after_next: Option<Decoded>,
    rest: Decoding,
    notifier: BatchNotifier,
    done: Done,
    /// How many events were taken
    taken: usize,
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
        let Some(first) = decoding.next() else { return Content::Nothing(finalizer) };
        match decoding.next() {
            None => Content::One(Taken { event: first, finalizer, done }),
            Some(second) => Content::Several(Box::new(Self {
                next: first,
                after_next: Some(second),
                rest: decoding,
                notifier: finalizer.share(),
                done,
                taken: 0,
            })),
        }
    }

    pub(super) const fn origin(&self) -> &Origin {
        self.rest.origin()
    }

    /// The next event, and what is left behind it.
    pub(super) fn take(mut self: Box<Self>) -> (Taken, Option<Box<Self>>) {
        let finalizer = self.notifier.finalizer();
        let done = self.done.part(self.taken);
        self.taken += 1;
        match self.after_next.take().or_else(|| self.rest.next()) {
            Some(next) => {
                let event = std::mem::replace(&mut self.next, next);
                (Taken { event, finalizer, done }, Some(self))
            }
            None => (Taken { event: self.next, finalizer, done }, None),
        }
    }
}
