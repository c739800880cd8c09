//! One open batch.

use std::time::Duration;

use super::Limits;

/// Gathers items until a limit closes the batch. `now` is time since any fixed moment.
#[derive(Debug)]
pub struct Gather<T> {
    limits: Limits,
    items: Vec<T>,
    bytes: usize,
    closes_at: Option<Duration>,
}

impl<T> Gather<T> {
    /// An empty batch.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, items: Vec::new(), bytes: 0, closes_at: None }
    }

    /// Adds an item of `bytes` bytes. The timeout runs from the first.
    pub fn push(&mut self, item: T, bytes: usize, now: Duration) {
        self.closes_at.get_or_insert_with(|| now.saturating_add(self.limits.timeout));
        self.items.push(item);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// When the timeout closes the batch; never while it is empty.
    pub const fn closes_at(&self) -> Option<Duration> {
        self.closes_at
    }

    /// Whether a limit has been reached by `now`.
    pub fn is_due(&self, now: Duration) -> bool {
        self.limits.max_events.is_some_and(|max| self.items.len() >= max.get())
            || self.bytes >= self.limits.max_bytes.get()
            || self.closes_at.is_some_and(|at| at <= now)
    }

    /// Closes the batch: all items, in their order. What room they took is kept for the next ones.
    pub fn close(&mut self) -> impl Iterator<Item = T> {
        self.bytes = 0;
        self.closes_at = None;
        self.items.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    fn gather(max_events: usize, max_bytes: usize) -> Gather<u8> {
        Gather::new(Limits {
            max_events: NonZeroUsize::new(max_events),
            max_bytes: NonZeroUsize::new(max_bytes).unwrap(),
            timeout: Duration::from_secs(1),
        })
    }

    #[test]
    fn each_limit_closes_the_batch() {
        let start = Duration::from_secs(5);
        let mut batch = gather(2, 100);
        assert!(!batch.is_due(start) && batch.closes_at().is_none());
        batch.push(1, 10, start);
        assert!(!batch.is_due(start));
        assert!(batch.is_due(start + Duration::from_secs(1)));
        batch.push(2, 10, start);
        assert!(batch.is_due(start), "two events are enough");
        assert!(batch.close().eq([1, 2]));
        assert!(!batch.is_due(start + Duration::from_secs(9)));
        batch.push(3, 100, start);
        assert!(batch.is_due(start), "a hundred bytes are enough");
    }

    #[test]
    fn the_timeout_runs_from_the_first_item() {
        let mut batch = gather(9, 100);
        batch.push(1, 1, Duration::from_secs(1));
        batch.push(2, 1, Duration::from_secs(2));
        assert_eq!(batch.closes_at(), Some(Duration::from_secs(2)));
    }
}
