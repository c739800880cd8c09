//! What is known of a source's files while it runs: their checkpoints, and which of them are being read.

use std::collections::{BTreeSet, HashMap};

use super::Start;
use super::store::{Places, Reached};
use super::tracker::Tracker;

/// What is known of a source's files.
#[derive(Debug)]
pub(super) struct State {
    pub(super) saved: Places,
    pub(super) start: Start,
    /// Whether there were no checkpoints before this run, or they do not count
    pub(super) is_first: bool,
    /// The files of this run
    pub(super) files: HashMap<u64, File>,
    /// Those of them that are read no more
    pub(super) released: BTreeSet<u64>,
    pub(super) changed: bool,
}

/// A file of this run.
#[derive(Debug)]
pub(super) struct File {
    pub(super) start: Reached,
    /// Once it is read
    pub(super) tracker: Option<Tracker<Reached>>,
}

impl State {
    /// Takes those that are read no more, and whose records have all ended, out of the files of this run.
    pub(super) fn let_go(&mut self) {
        let Self { files, released, .. } = self;
        released.retain(|number| {
            let tracker = files.get(number).and_then(|file| file.tracker.as_ref());
            let is_open = tracker.is_some_and(|tracker| tracker.len() > 0);
            if !is_open {
                files.remove(number);
            }
            is_open
        });
    }
}
