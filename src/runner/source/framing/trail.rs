//! The content that was read, reduced to what tells whether a file is still the one it was read from.
//!
//! In: every byte, in order. Out: a [`Mark`] of any place. It holds the first KiB and the last few.

use sha2::{Digest, Sha256};

use super::Place;

/// How much of a content's start a mark covers.
pub const HEAD_BYTES: usize = 1 << 10;

/// How much of the content before its place a mark covers.
pub const TAIL_BYTES: usize = 4 << 10;

/// What a content must hold so that a place in it means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// How long the start is that `head` is a hash of
    pub head_bytes: u64,
    /// A hash of the start
    pub head: u128,
    /// A hash of the last bytes before the place, [`TAIL_BYTES`] at most
    pub tail: u128,
}

impl Mark {
    /// Whether a content that begins with `head`, and holds `tail` before the place, is the one it was made of.
    pub fn is_of(&self, head: &[u8], tail: &[u8]) -> bool {
        let length = usize::try_from(self.head_bytes).unwrap_or(usize::MAX);
        head.get(..length).is_some_and(|head| hash(head) == self.head) && hash(tail) == self.tail
    }
}

/// What was read.
#[derive(Clone)]
pub struct Trail {
    head: Vec<u8>,
    /// The hash of `head` once that grows no more
    full: Option<u128>,
    /// At least the last `TAIL_BYTES`
    recent: Vec<u8>,
}

impl Trail {
    /// Begins at `start`, whose content begins with `head` and holds `tail` before the place.
    pub fn new(start: Place, head: &[u8], tail: &[u8]) -> Self {
        let read = usize::try_from(start.offset).unwrap_or(usize::MAX);
        let mut made = Self { head: Vec::new(), full: None, recent: tail.to_vec() };
        made.extend_head(head.get(..read).unwrap_or(head));
        made
    }

    /// The next bytes were read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.extend_head(bytes);
        let bytes = last(bytes);
        // Moved only now and then, since most of what is read is read in small parts.
        if self.recent.len() + bytes.len() > 8 * TAIL_BYTES {
            self.recent.drain(..self.recent.len() - last(&self.recent).len());
        }
        self.recent.extend_from_slice(bytes);
    }

    /// The mark of the place that was read up to.
    pub fn mark(&self) -> Mark {
        Mark {
            head_bytes: u64::try_from(self.head.len()).unwrap_or(u64::MAX),
            head: self.full.unwrap_or_else(|| hash(&self.head)),
            tail: hash(last(&self.recent)),
        }
    }

    fn extend_head(&mut self, bytes: &[u8]) {
        if self.full.is_none() {
            let room = HEAD_BYTES.saturating_sub(self.head.len());
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            self.full = (self.head.len() == HEAD_BYTES).then(|| hash(&self.head));
        }
    }
}

impl std::fmt::Debug for Trail {
    /// Without content, which is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trail").finish_non_exhaustive()
    }
}

/// The hash that marks are made of.
pub fn hash(bytes: &[u8]) -> u128 {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(Sha256::digest(bytes)) {
        *to = from;
    }
    u128::from_be_bytes(half)
}

fn last(bytes: &[u8]) -> &[u8] {
    bytes.last_chunk::<TAIL_BYTES>().map_or(bytes, |tail| tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_same_however_the_content_was_read() {
        let content: Vec<u8> = (0_u32..20_000).flat_map(u32::to_le_bytes).collect();
        for end in [0, 1, 1023, 1024, 1025, 4096, 5000, 70_000] {
            let read = &content[..end];
            let expected =
                (hash(&read[..end.min(HEAD_BYTES)]), hash(&read[end.saturating_sub(TAIL_BYTES)..]));
            for size in [1, 7, 4096, 65_536] {
                for from in [0, end / 3, end] {
                    let place = Place { offset: u64::try_from(from).unwrap(), ..Place::START };
                    let before = &content[from.saturating_sub(TAIL_BYTES)..from];
                    let mut trail = Trail::new(place, &content[..HEAD_BYTES], before);
                    read[from..].chunks(size).for_each(|bytes| trail.push(bytes));
                    assert_eq!((trail.mark().head, trail.mark().tail), expected, "{end} {size}");
                }
            }
        }
    }
}
