//! How many bytes requests may hold, and who holds them.
//!
//! A large request that finds no room waits for it, one at a time, and while it waits nobody new is let in: else steady
//! small ones would keep it out for ever. How long it may wait is for its door to say.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A bound on what is held at a time. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::runner) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    held: usize,
    /// The share that waits for room
    waiting: Option<Waker>,
}

/// A part of the budget; given back when dropped.
#[derive(Debug)]
pub(in crate::runner) struct Share {
    budget: Budget,
    bytes: usize,
    /// How much it is known to want at least
    announced: usize,
    is_waiting: bool,
}

impl Budget {
    /// Nothing is held yet.
    pub(in crate::runner) fn new(limit: NonZeroUsize) -> Self {
        let state = Mutex::new(State { held: 0, waiting: None });
        Self(Arc::new(Inner { limit: limit.get(), state }))
    }

    /// A part of so many bytes, unless that is more than is left, or a large share waits for room. While nothing is held
    /// any part can be had: what is larger than the whole budget goes alone instead of never.
    pub(in crate::runner) fn take(&self, bytes: usize) -> Option<Share> {
        let mut state = self.0.state();
        if state.waiting.is_some() || !state.hold(0, bytes, self.0.limit) {
            return None;
        }
        Some(Share { budget: self.clone(), bytes, announced: bytes, is_waiting: false })
    }

    /// How much is held now.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.0.state().held
    }
}

impl Inner {
    /// The state. Every change of it is whole before anything can panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Holds `more` for a share of `own` bytes, if it may.
    fn hold(&mut self, own: usize, more: usize, limit: usize) -> bool {
        let Some(sum) = self.held.checked_add(more) else { return false };
        let may = sum <= limit || self.held == own;
        if may {
            self.held = sum;
        }
        may
    }
}

impl Share {
    /// It will grow to `bytes` at least: one that will be large may wait from the first byte.
    pub(in crate::runner) fn announce(&mut self, bytes: usize) {
        self.announced = self.announced.max(bytes);
    }

    /// Grows to `bytes`; tells whether it could. A share that is alone can always grow.
    pub(in crate::runner) fn grow_to(&mut self, bytes: usize) -> bool {
        let budget = self.budget.clone();
        self.grow_in(&mut budget.0.state(), bytes)
    }

    /// The same, but a share that takes more than half of the budget waits until it can, unless another one does.
    // Correctness: whatever is given back wakes the one that waits. Dropped, the share waits no longer.
    pub(in crate::runner) fn poll_grow(
        &mut self,
        context: &mut Context<'_>,
        bytes: usize,
    ) -> Poll<bool> {
        let budget = self.budget.clone();
        let mut state = budget.0.state();
        if self.grow_in(&mut state, bytes) {
            return Poll::Ready(true);
        }
        let is_large = self.announced.max(bytes) > budget.0.limit / 2;
        if !is_large || (state.waiting.is_some() && !self.is_waiting) {
            return Poll::Ready(false);
        }
        self.is_waiting = true;
        state.waiting = Some(context.waker().clone());
        Poll::Pending
    }

    fn grow_in(&mut self, state: &mut State, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let has_grown = state.hold(self.bytes, more, self.budget.0.limit);
        if has_grown {
            self.bytes = self.bytes.max(bytes);
            if std::mem::take(&mut self.is_waiting) {
                state.waiting = None;
            }
        }
        has_grown
    }

    /// [`Share::poll_grow`] as a future.
    pub(in crate::runner) async fn grow(&mut self, bytes: usize) -> bool {
        std::future::poll_fn(|context| self.poll_grow(context, bytes)).await
    }

    /// Cuts off a share of `bytes`, or of all there is if that is less.
    pub(super) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { budget: self.budget.clone(), bytes, announced: bytes, is_waiting: false }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.budget.0.state();
        state.held = state.held.saturating_sub(self.bytes);
        if self.is_waiting {
            state.waiting = None;
        }
        let waiting = state.waiting.clone();
        drop(state);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn budget(limit: usize) -> Budget {
        Budget::new(NonZeroUsize::new(limit).unwrap())
    }

    #[test]
    fn shares_never_sum_up_to_more_than_the_limit_and_come_back() {
        let budget = budget(10);
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
        let budget = budget(10);
        let mut large = budget.take(11).unwrap();
        assert!(budget.take(0).is_none() && large.grow_to(20));
        drop(large);
        let mut growing = budget.take(1).unwrap();
        let other = budget.take(1).unwrap();
        assert!(!growing.grow_to(11));
        drop(other);
        assert!(growing.grow_to(11));
    }

    #[test]
    fn steady_small_ones_do_not_keep_a_large_one_out() {
        let budget = budget(10);
        let mut small = budget.take(2);
        let mut large = budget.take(1).unwrap();
        let mut grows = Box::pin(large.grow(11));
        let (mut refused, mut rounds) = (0, 0);
        // There is always a small one, and the next comes before the last has gone.
        while grows.as_mut().now_or_never() != Some(true) {
            let next = budget.take(2);
            refused += usize::from(next.is_none());
            small = next;
            rounds += 1;
            assert!(rounds < 3, "it starves");
        }
        assert_eq!((refused, small.is_none()), (1, true));
        drop(grows);
        assert_eq!(budget.held(), 11);
        assert!(budget.take(1).is_none());
        drop(large);
        assert!(budget.take(1).is_some());
    }

    #[test]
    fn one_waits_at_a_time_and_whoever_gives_up_lets_the_others_in() {
        let budget = budget(10);
        let held = budget.take(5).unwrap();
        let (mut first, mut second) = (budget.take(0).unwrap(), budget.take(0).unwrap());
        let mut waits = Box::pin(first.grow(6));
        assert_eq!(waits.as_mut().now_or_never(), None);
        assert_eq!(second.grow(6).now_or_never(), Some(false));
        // What is being read already goes on as far as there is room.
        assert!(second.grow_to(2) && budget.take(0).is_none());
        drop(waits);
        drop(first);
        assert!(budget.take(0).is_some());
        drop(held);
    }

    #[test]
    fn small_ones_are_refused_at_once_unless_they_announce_that_they_will_be_large() {
        let budget = budget(10);
        let _held = budget.take(10).unwrap();
        let mut share = Share { budget: budget.clone(), bytes: 0, announced: 0, is_waiting: false };
        assert_eq!(share.grow(1).now_or_never(), Some(false));
        share.announce(6);
        assert_eq!(share.grow(1).now_or_never(), None);
    }
}
