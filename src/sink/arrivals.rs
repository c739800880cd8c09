//! Which of the events inside came first, and when: a list that anything can leave at once. It is told the time.

use std::time::Duration;

use slab::Slab;

/// The events inside, in the order they came. Security: bounded by the window.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    events: Slab<Arrival>,
    oldest: Option<usize>,
    newest: Option<usize>,
}

#[derive(Debug)]
struct Arrival {
    at: Duration,
    before: Option<usize>,
    after: Option<usize>,
}

impl Arrivals {
    /// An event comes.
    pub(super) fn enter(&mut self, at: Duration) -> usize {
        let key = self.events.insert(Arrival { at, before: self.newest, after: None });
        match self.newest.and_then(|newest| self.events.get_mut(newest)) {
            Some(newest) => newest.after = Some(key),
            None => self.oldest = Some(key),
        }
        self.newest = Some(key);
        key
    }

    /// An event leaves; gives when it came.
    pub(super) fn leave(&mut self, key: usize) -> Duration {
        let Arrival { at, before, after } = self.events.remove(key);
        match before.and_then(|before| self.events.get_mut(before)) {
            Some(before) => before.after = after,
            None => self.oldest = after,
        }
        match after.and_then(|after| self.events.get_mut(after)) {
            Some(after) => after.before = before,
            None => self.newest = before,
        }
        at
    }

    /// When the oldest came.
    pub(super) fn oldest(&self) -> Option<Duration> {
        Some(self.events.get(self.oldest?)?.at)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_known_whoever_leaves() {
        let mut arrivals = Arrivals::default();
        let keys: Vec<_> = (0..5).map(|at| arrivals.enter(Duration::from_secs(at))).collect();
        let seconds = |at| Some(Duration::from_secs(at));
        for (leaves, oldest) in [(2, seconds(0)), (0, seconds(1)), (4, seconds(1))] {
            assert_eq!(Some(arrivals.leave(keys[leaves])), seconds(leaves.try_into().unwrap()));
            assert_eq!(arrivals.oldest(), oldest);
        }
        arrivals.leave(keys[1]);
        let last = arrivals.enter(Duration::from_secs(9));
        assert_eq!((arrivals.oldest(), arrivals.len()), (seconds(3), 2));
        arrivals.leave(keys[3]);
        arrivals.leave(last);
        assert_eq!((arrivals.oldest(), arrivals.len()), (None, 0));
    }
}
