//! Which event inside is next to become too old.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::batch::StepId;

/// The deadlines of the events inside that have one. Security: bounded by the window.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    events: BTreeMap<Place, StepId>,
    entered: u64,
}

/// A deadline, and what tells it from others at the same moment.
pub(super) type Place = (Instant, u64);

impl Deadlines {
    /// Takes note of the event of `id`.
    pub(super) fn enter(&mut self, deadline: Instant, id: StepId) -> Place {
        let place = (deadline, self.entered);
        self.entered += 1;
        self.events.insert(place, id);
        place
    }

    /// The event at `place` has ended.
    pub(super) fn leave(&mut self, place: Place) {
        self.events.remove(&place);
    }

    /// When the next event becomes too old.
    pub(super) fn next(&self) -> Option<Instant> {
        self.events.first_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// How many events have one.
    pub(super) fn count(&self) -> usize {
        self.events.len()
    }

    /// All deadlines, the next first.
    pub(super) fn all(&self) -> impl Iterator<Item = (Instant, StepId)> {
        self.events.iter().map(|((deadline, _), id)| (*deadline, *id))
    }

    /// An event that is too old by `now`; each is given once.
    pub(super) fn pop(&mut self, now: Instant) -> Option<StepId> {
        let entry = self.events.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }
}
