//! How much is inside, against how much may be.

use super::Buffer;

/// The window: counts what is inside. Security: this is what bounds the sink's memory, whatever Courier does.
#[derive(Debug)]
pub(super) struct Window {
    limits: Buffer,
    events: usize,
    bytes: usize,
}

impl Window {
    pub(super) const fn new(limits: Buffer) -> Self {
        Self { limits, events: 0, bytes: 0 }
    }

    /// Whether another record may come in.
    pub(super) const fn has_room(&self) -> bool {
        self.events < self.limits.max_events.get() && self.bytes < self.limits.max_size.get()
    }

    pub(super) const fn enter(&mut self, bytes: usize) {
        self.events += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    pub(super) const fn leave(&mut self, bytes: usize) {
        self.events = self.events.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
