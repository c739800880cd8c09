//! What a buffer's state shows to whoever asks how full it is.

use super::State;
use crate::clock::Time;

impl State {
    /// When the oldest record came that has not ended; not known of what was not read yet.
    pub(in super::super) fn oldest(&self) -> Option<Time> {
        let touched = self.touched.values().next().map(|block| block.at);
        touched.or_else(|| self.ready.front().map(|block| block.at)).flatten()
    }

    /// When the newest record came, if one came in this run.
    pub(in super::super) const fn newest(&self) -> Option<Time> {
        self.newest
    }

    /// Whether nothing newer is fed because something went back.
    pub(in super::super) const fn is_halted(&self) -> bool {
        self.is_halted
    }
}
