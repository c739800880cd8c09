//! The most recent entries of an endless sequence; each keeps its number when older ones go.

use super::blocks::Blocks;
use super::{ENTRY_OVERHEAD, Limits};

/// A queue that numbers its entries from 0 and drops the oldest when a limit is passed.
#[derive(Debug)]
pub(in super::super) struct Recent<T> {
    entries: Blocks<(usize, T)>,
    /// The number of the oldest entry kept: as many are gone.
    first: u64,
    bytes: usize,
    limits: Limits,
}

impl<T> Recent<T> {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self { entries: Blocks::new(), first: 0, bytes: 0, limits }
    }

    /// The number the next entry will get: how many there ever were.
    pub(in super::super) fn next(&self) -> u64 {
        self.first + length(self.entries.len())
    }

    /// Adds an entry, and gives those that were forgotten for it, oldest first.
    pub(in super::super) fn push(&mut self, entry: T, bytes: usize) -> Vec<T> {
        let bytes = bytes + ENTRY_OVERHEAD;
        let mut forgotten = Vec::new();
        self.entries.push_back((bytes, entry));
        self.bytes += bytes;
        // The newest stays even when it alone is over: someone just asked for it.
        while self.entries.len() > 1
            && (self.entries.len() > self.limits.entries || self.bytes > self.limits.bytes)
        {
            if let Some((bytes, entry)) = self.entries.pop_front() {
                self.bytes -= bytes;
                self.first += 1;
                forgotten.push(entry);
            }
        }
        forgotten
    }

    pub(in super::super) fn get(&self, number: u64) -> Option<&T> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get(index).map(|(_, entry)| entry)
    }

    pub(in super::super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(index).map(|(_, entry)| entry)
    }

    /// The entries kept whose number is below `number`, newest first, each with its number.
    pub(in super::super) fn before(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        let end = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let end = end.min(self.entries.len());
        let numbers = (self.first..self.first + length(end)).rev();
        numbers.zip(self.entries.range(0..end).rev().map(|(_, entry)| entry))
    }

    /// The entries kept from the first on that is not `before`, oldest first. Those that are must have come first.
    pub(in super::super) fn past(&self, before: impl Fn(&T) -> bool) -> impl Iterator<Item = &T> {
        let first = self.entries.partition_point(|(_, entry)| before(entry));
        self.entries.range(first..self.entries.len()).map(|(_, entry)| entry)
    }

    /// The entries kept whose number is at least `number`, oldest first.
    pub(in super::super) fn since(&self, number: u64) -> impl DoubleEndedIterator<Item = &T> {
        let gone = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.entries.range(gone..self.entries.len()).map(|(_, entry)| entry)
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).expect("no supported platform has addresses over 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(recent: &Recent<u32>) -> Vec<u32> {
        recent.since(0).copied().collect()
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_and_numbers_stay() {
        let mut recent = Recent::new(Limits { entries: 2, bytes: usize::MAX });
        let forgotten: Vec<_> =
            [10, 11, 12].into_iter().flat_map(|it| recent.push(it, 0)).collect();
        assert_eq!(forgotten, [10]);
        assert_eq!(kept(&recent), [11, 12]);
        assert_eq!(recent.next(), 3);
        assert_eq!(recent.get_mut(0), None);
        assert_eq!(recent.get_mut(2), Some(&mut 12));
        assert_eq!((recent.get(0), recent.get(1)), (None, Some(&11)));
        assert_eq!(recent.since(2).count(), 1);
        assert_eq!(recent.past(|entry| *entry < 12).collect::<Vec<_>>(), [&12]);
        assert_eq!(recent.before(2).collect::<Vec<_>>(), [(1, &11)]);
        assert_eq!(recent.before(9).collect::<Vec<_>>(), [(2, &12), (1, &11)]);
        assert_eq!(recent.since(9).count(), 0);
    }

    #[test]
    fn the_oldest_go_when_they_weigh_too_much_but_the_newest_stays() {
        let mut recent = Recent::new(Limits { entries: 100, bytes: 2 * ENTRY_OVERHEAD + 10 });
        recent.push(1, 5);
        recent.push(2, 5);
        assert_eq!(kept(&recent), [1, 2]);
        recent.push(3, 1_000);
        assert_eq!(kept(&recent), [3]);
    }
}
