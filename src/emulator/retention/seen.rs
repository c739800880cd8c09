//! Keys that were used lately.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

/// A key: half a digest, so that all are as long, and a million take little.
pub(in super::super) type Key = [u8; 16];

/// Remembers keys for a while, the newest of them.
#[derive(Debug)]
pub(in super::super) struct Seen {
    keys: HashSet<Key>,
    /// When each came, oldest first
    order: VecDeque<(Duration, Key)>,
    retention: Duration,
    entries: usize,
}

impl Seen {
    /// Remembers keys for so long, and at most so many.
    pub(in super::super) fn new(retention: Duration, entries: usize) -> Self {
        Self { keys: HashSet::new(), order: VecDeque::new(), retention, entries }
    }

    /// Whether `key` was not used lately; it is from `now` on.
    pub(in super::super) fn is_new(&mut self, key: Key, now: Duration) -> bool {
        let retention = self.retention;
        let is_over = |at: Duration| now.saturating_sub(at) >= retention;
        while self.order.front().is_some_and(|(at, _)| is_over(*at)) {
            self.forget_oldest();
        }
        let is_new = self.keys.insert(key);
        if is_new {
            self.order.push_back((now, key));
        }
        if self.order.len() > self.entries {
            self.forget_oldest();
        }
        is_new
    }

    fn forget_oldest(&mut self) {
        if let Some((_, oldest)) = self.order.pop_front() {
            self.keys.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_key_is_new_once_and_again_after_a_while() {
        let mut seen = Seen::new(10 * SECOND, 100);
        assert!(seen.is_new([1; 16], SECOND));
        assert!(!seen.is_new([1; 16], 10 * SECOND));
        assert!(seen.is_new([2; 16], 10 * SECOND));
        assert!(seen.is_new([1; 16], 11 * SECOND), "asking again prolongs nothing");
        assert!(!seen.is_new([2; 16], 11 * SECOND));
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let mut seen = Seen::new(10 * SECOND, 2);
        for key in [1, 2, 3] {
            assert!(seen.is_new([key; 16], SECOND));
        }
        assert_eq!((seen.keys.len(), seen.order.len()), (2, 2));
        assert!(!seen.is_new([3; 16], SECOND));
        assert!(!seen.is_new([2; 16], SECOND), "one that is known makes none go");
    }
}
