//! What a buffer's state shows to whoever asks how full it is.

use super::State;
use crate::clock::Time;

impl State {
    /// When the oldest record came that has not ended; not known of what was not read yet.
    pub(in super::super) fn oldest(&self) -> Option<Time> {
        let touched = self.touched.values().next().map(|block| block.at);
        touched.or_else(|| self.ready.front().map(|block| block.at)).flatten()
    }

    /// When the record came that is fed next; where that was not read yet, the last that was fed.
    pub(in super::super) fn coming(&self) -> Option<Time> {
        let ready = self.ready.iter().find(|block| !block.records.is_empty());
        let ready = ready.map(|block| block.at);
        ready.or_else(|| self.touched.values().next_back().map(|block| block.at)).flatten()
    }

    /// When the newest record came; nothing if there never was one.
    pub(in super::super) const fn newest(&self) -> Option<Time> {
        self.newest
    }

    /// Whether nothing newer is fed because something went back.
    pub(in super::super) const fn is_halted(&self) -> bool {
        self.is_halted
    }
}
