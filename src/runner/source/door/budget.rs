//! How many bytes requests may hold, and who holds them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound on what is held at a time. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::runner) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    held: AtomicUsize,
}

/// A part of the budget; given back when dropped.
#[derive(Debug)]
pub(in crate::runner) struct Share {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    /// Nothing is held yet.
    pub(in crate::runner) fn new(limit: NonZeroUsize) -> Self {
        Self(Arc::new(Inner { limit: limit.get(), held: AtomicUsize::new(0) }))
    }

    /// A part of so many bytes, unless that is more than is left. While nothing is held any part can be had: what is
    /// larger than the whole budget goes alone instead of never.
    pub(in crate::runner) fn take(&self, bytes: usize) -> Option<Share> {
        let take = |held: usize| match held {
            0 => Some(bytes),
            held => held.checked_add(bytes).filter(|sum| *sum <= self.0.limit),
        };
        let held = &self.0.held;
        let taken = held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.is_ok().then(|| Share { budget: self.clone(), bytes })
    }

    /// How much is held now.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Grows to `bytes`; tells whether it could. A share that is alone can always grow.
    pub(in crate::runner) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let own = self.bytes;
        let grow = |held: usize| match held.checked_add(more) {
            sum @ Some(_) if held == own => sum,
            sum => sum.filter(|sum| *sum <= self.budget.0.limit),
        };
        let held = &self.budget.0.held;
        let has_grown = held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).is_ok();
        if has_grown {
            self.bytes = self.bytes.max(bytes);
        }
        has_grown
    }

    /// Cuts off a share of `bytes`, or of all there is if that is less.
    pub(super) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { budget: self.budget.clone(), bytes }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_sum_up_to_more_than_the_limit_and_come_back() {
        let budget = Budget::new(NonZeroUsize::new(10).unwrap());
        let mut first = budget.take(4).unwrap();
        let second = budget.take(4).unwrap();
        assert!(budget.take(3).is_none() && !first.grow_to(7));
        assert!(first.grow_to(6) && budget.take(1).is_none());
        let part = first.split(5);
        drop((first, second));
        assert_eq!(budget.held(), 5);
        drop(part);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn what_is_larger_than_everything_goes_alone() {
        let budget = Budget::new(NonZeroUsize::new(10).unwrap());
        let mut large = budget.take(11).unwrap();
        assert!(budget.take(0).is_none() && large.grow_to(20));
        drop(large);
        let mut growing = budget.take(1).unwrap();
        let other = budget.take(1).unwrap();
        assert!(!growing.grow_to(11));
        drop(other);
        assert!(growing.grow_to(11));
    }
}
