//! What a buffer's state shows to whoever asks how full it is.

use super::State;
use crate::clock::Time;

impl State {
    /// When the oldest record came that has not ended; not known of what was not read yet.
    pub(in super::super) fn oldest(&self) -> Option<Time> {
        let touched = self.touched.values().next().map(|block| block.at);
        touched.or_else(|| self.ready.front().map(|block| block.at)).flatten()
    }

    /// Whether nothing newer is fed because something went back.
    pub(in super::super) const fn is_halted(&self) -> bool {
        self.is_halted
    }
}
