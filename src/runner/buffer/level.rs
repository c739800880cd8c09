//! How full a running buffer is, for whoever asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Shared;

/// Asks a buffer how full it is. Clones ask the same one.
#[derive(Clone, Debug)]
pub struct Level(Arc<Shared>);

/// How full a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// Records in it that have not ended, those included that the sink has
    pub records: u64,
    /// Bytes they take on disk
    pub bytes: u64,
    /// Records that arrived when it was full, and were discarded as configured
    pub discarded: u64,
    /// Records that were damaged on disk, and are lost
    pub lost: u64,
}

impl Level {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// How full it is now.
    pub fn show(&self) -> Filled {
        let state = self.0.state();
        Filled {
            records: state.ledger.left(),
            bytes: state.used,
            discarded: self.0.discarded.load(Ordering::Relaxed),
            lost: self.0.lost.load(Ordering::Relaxed),
        }
    }
}
