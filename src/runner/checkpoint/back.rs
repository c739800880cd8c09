//! Back to a checkpoint in the run that made it: up to where a file is done, and what is read of it again.

use super::tracker::Tracker;
use super::{Checkpoints, Kept, Reached};

impl Checkpoints {
    /// Up to where that file is done; nothing where it is no file of this run.
    pub fn done(&self, kept: Kept) -> Option<Reached> {
        let state = self.0.state();
        let file = state.files.get(&kept.number)?;
        Some(file.tracker.as_ref().map_or(file.start, Tracker::done))
    }

    /// Up to where records of that file were begun; nothing where it is no file of this run.
    pub fn begun(&self, kept: Kept) -> Option<Reached> {
        let state = self.0.state();
        let file = state.files.get(&kept.number)?;
        Some(file.tracker.as_ref().map_or(file.start, Tracker::begun))
    }

    /// That file is read again from where it is done: what has ended Errored is to be tried again. To be called when
    /// everything of it has ended.
    pub fn rewind(&self, kept: Kept) {
        let mut state = self.0.state();
        let file = state.files.get_mut(&kept.number);
        if let Some(tracker) = file.and_then(|file| file.tracker.as_mut()) {
            tracker.rewind();
        }
    }

    /// That file is read no more, though not all of it is done: nothing that is owed of it can be read again. To be called
    /// when everything of it has ended.
    pub fn abandon(&self, kept: Kept) {
        self.0.state().files.remove(&kept.number);
    }
}
