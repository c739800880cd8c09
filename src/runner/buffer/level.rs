//! How full a running buffer is, for whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Shared;
use crate::clock::{Clock, Time};

/// Asks a buffer how full it is. Clones ask the same one.
#[derive(Clone, Debug)]
pub struct Level {
    shared: Arc<Shared>,
    clock: Clock,
}

/// How full a buffer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Records in it that have not ended, those included that the sink has
    pub records: u64,
    /// Bytes they take on disk
    pub bytes: u64,
    /// Records that were stored in this run
    pub received: u64,
    /// Bytes that they took on disk
    pub received_bytes: u64,
    /// Records that ended in this run
    pub sent: u64,
    /// Bytes of blocks all of whose records are done, and that were removed
    pub sent_bytes: u64,
    /// Records that could not be stored, and went back to their source
    pub unstored: u64,
    /// Records that arrived when it was full, and were discarded as configured
    pub discarded: u64,
    /// Bytes that they would have taken
    pub discarded_bytes: u64,
    /// Records that were damaged on disk, and are lost
    pub lost: u64,
    /// Whether records went back to it, and nothing is fed until they are fed again
    pub waits_again: bool,
    /// How long the oldest record has been in it, also in earlier runs; not known before it is read
    pub oldest_age: Option<Duration>,
    /// How long the one has that is given next, as far as it was read
    pub next_age: Option<Duration>,
    /// How long the newest has
    pub newest_age: Option<Duration>,
}

impl Level {
    pub(super) const fn new(shared: Arc<Shared>, clock: Clock) -> Self {
        Self { shared, clock }
    }

    /// How full it is now.
    pub fn show(&self) -> Filled {
        let shared = &self.shared;
        let now = self.clock.now();
        let age = |at: Option<Time>| at.map(|at| now.since(at));
        let (records, bytes, appended, waits_again, [oldest_age, next_age, newest_age]) = {
            let state = shared.state();
            let ages = [state.oldest(), state.coming(), state.newest()].map(age);
            (state.ledger.left(), state.used, state.appended, state.is_halted(), ages)
        };
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (received, lost) = (read(&shared.stored), read(&shared.lost));
        Filled {
            records,
            bytes,
            received,
            received_bytes: appended,
            sent_bytes: (shared.used_before + appended).saturating_sub(bytes),
            sent: (shared.left_before + received).saturating_sub(records.saturating_add(lost)),
            unstored: read(&shared.unstored),
            discarded: read(&shared.discarded),
            discarded_bytes: read(&shared.discarded_bytes),
            lost,
            waits_again,
            oldest_age,
            next_age,
            newest_age,
        }
    }
}
