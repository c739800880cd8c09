//! What a record carries that was read from a file: its place among the others, which is told how it fares.

use std::sync::Arc;

use super::Shared;
use crate::finalization::{Acknowledge, Advance, EventStatus};

/// The record of a file that has this number.
pub(super) struct Turn {
    pub(super) shared: Arc<Shared>,
    pub(super) file: u64,
    pub(super) number: u64,
}

impl Acknowledge for Turn {
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        self.shared.end(self.file, self.number, status);
    }

    fn advance(&mut self, advance: &Advance<'_>) {
        let mut state = self.shared.state();
        let tracker = state.files.get_mut(&self.file).and_then(|file| file.tracker.as_mut());
        if let Some(tracker) = tracker {
            tracker.advance(self.number, advance);
        }
    }
}
