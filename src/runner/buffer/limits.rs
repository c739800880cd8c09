//! How much may be on disk, how much goes there at once, and what a block takes. Pure.

use std::num::NonZeroU64;

use crate::config::{DiskBuffer, WhenFull};

/// What bounds a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_size: NonZeroU64,
    pub(super) when_full: WhenFull,
}

/// Records of one commit, and so of one block: enough that a commit costs each of them little. A block stays on disk
/// until all of its records have ended, so more would not be better.
pub(super) const BLOCK_RECORDS: usize = 1000;

/// Bytes of one commit. The record that reaches the limit still comes in.
pub(super) const BLOCK_BYTES: usize = 1 << 20;

/// Bytes of blocks that are read, or were just written, and wait to be fed. Security: this and one block bound what the
/// buffer holds in memory.
pub(super) const READY_BYTES: usize = 4 << 20;

/// The page of the store.
const PAGE: u64 = 4096;

/// What the store adds to a block: its key, and the head of the page it is in.
const OVERHEAD: u64 = 64;

impl Limits {
    pub(super) const fn new(buffer: DiskBuffer) -> Self {
        Self { max_size: buffer.max_size, when_full: buffer.when_full }
    }

    /// The largest frame that is taken. Four of them fit, so that no record waits for room that never comes.
    pub(super) fn largest_record(&self) -> usize {
        // A gigabyte is less than the store's largest value, and than what a frame's length can say.
        usize::try_from((self.max_size.get() / 4 - OVERHEAD).min(1 << 30)).unwrap_or(1 << 30)
    }

    /// Whether a block fits where `used` is taken.
    pub(super) const fn fits(&self, used: u64, block: usize) -> bool {
        used.saturating_add(cost(block)) <= self.max_size.get()
    }
}

/// What a block of so many bytes takes on disk: whole pages, whose number is a power of two; of small ones, which share a
/// page, a page that is half full.
pub(super) const fn cost(block: usize) -> u64 {
    // No machine counts further.
    #[expect(
        clippy::as_conversions,
        reason = "a usize has at most 64 bits, and `from` is not const"
    )]
    let bytes = block as u64 + OVERHEAD;
    if bytes * 2 < PAGE {
        bytes * 2
    } else if bytes < PAGE {
        PAGE
    } else {
        bytes.next_power_of_two()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_take_whole_pages_and_small_ones_share() {
        for (block, expected) in [
            (0, 128),
            (1000, 2128),
            (2000, 4096),
            (4032, 4096),
            (4033, 8192),
            (100_000, 131_072),
            (1 << 20, 1 << 21),
        ] {
            assert_eq!(cost(block), expected, "{block}");
        }
    }

    #[test]
    fn four_of_the_largest_records_fit() {
        let max_size = NonZeroU64::new(16 << 20).unwrap();
        let limits = Limits { max_size, when_full: WhenFull::Block };
        let largest = limits.largest_record();
        assert!(largest > 4_096_000, "a line of a source fits into the smallest buffer");
        assert!(limits.fits(3 * cost(largest), largest));
        assert!(!limits.fits(3 * cost(largest) + 1, largest));
    }
}
