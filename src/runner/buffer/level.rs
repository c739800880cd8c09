//! How full a running buffer is, for whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Shared;

/// Asks a buffer how full it is. Clones ask the same one.
#[derive(Clone, Debug)]
pub struct Level(Arc<Shared>);

/// How full a buffer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Records in it that have not ended, those included that the sink has
    pub records: u64,
    /// Bytes they take on disk
    pub bytes: u64,
    /// Records that were stored in this run
    pub received: u64,
    /// Records that ended in this run
    pub sent: u64,
    /// Records that could not be stored, and went back to their source
    pub unstored: u64,
    /// Records that arrived when it was full, and were discarded as configured
    pub discarded: u64,
    /// Records that were damaged on disk, and are lost
    pub lost: u64,
    /// Whether records went back to it, and nothing is fed until they are fed again
    pub waits_again: bool,
}

impl Level {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// How full it is now.
    pub fn show(&self) -> Filled {
        let (records, bytes, waits_again) = {
            let state = self.0.state();
            (state.ledger.left(), state.used, state.is_halted())
        };
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (received, lost) = (read(&self.0.stored), read(&self.0.lost));
        Filled {
            records,
            bytes,
            received,
            sent: (self.0.left_before + received).saturating_sub(records.saturating_add(lost)),
            unstored: read(&self.0.unstored),
            discarded: read(&self.0.discarded),
            lost,
            waits_again,
        }
    }
}
