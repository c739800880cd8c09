//! A queue that grows without moving what it holds: to copy all of it now and then would be a good part of what one more
//! entry costs.

use std::collections::VecDeque;
use std::ops::Range;

/// How many entries a block of memory has room for.
const BLOCK: usize = 128;

/// A queue in blocks.
#[derive(Debug)]
pub(super) struct Blocks<T> {
    /// No block is empty, and only the first and the last may have room.
    blocks: VecDeque<VecDeque<T>>,
    len: usize,
}

impl<T> Blocks<T> {
    pub(super) const fn new() -> Self {
        Self { blocks: VecDeque::new(), len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push_back(&mut self, entry: T) {
        self.len += 1;
        if let Some(block) = self.blocks.back_mut().filter(|block| block.len() < BLOCK) {
            block.push_back(entry);
            return;
        }
        let mut block = VecDeque::with_capacity(BLOCK);
        block.push_back(entry);
        self.blocks.push_back(block);
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        let first = self.blocks.front_mut()?;
        let entry = first.pop_front();
        if first.is_empty() {
            self.blocks.pop_front();
        }
        self.len -= 1;
        entry
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        let (block, index) = self.place(index);
        self.blocks.get(block)?.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let (block, index) = self.place(index);
        self.blocks.get_mut(block)?.get_mut(index)
    }

    /// The entries at these places, as far as there are any.
    pub(super) fn range(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = &T> {
        (range.start..range.end.min(self.len)).filter_map(|index| self.get(index))
    }

    /// The first place that is not `before`, where all that are come first.
    pub(super) fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let is_before = |block: &VecDeque<T>| block.back().is_some_and(&before);
        let whole = self.blocks.partition_point(is_before);
        let part = self.blocks.get(whole).map_or(0, |block| block.partition_point(&before));
        match whole.checked_sub(1) {
            None => part,
            // The last may not be full.
            Some(further) => (self.first() + further * BLOCK + part).min(self.len),
        }
    }

    /// Which block an entry is in, and its place there.
    fn place(&self, index: usize) -> (usize, usize) {
        match index.checked_sub(self.first()) {
            None => (0, index),
            Some(rest) => (1 + rest / BLOCK, rest % BLOCK),
        }
    }

    /// How many the first block has.
    fn first(&self) -> usize {
        self.blocks.front().map_or(0, VecDeque::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_when_it_grows() {
        let mut blocks = Blocks::new();
        blocks.push_back(7);
        let place = std::ptr::from_ref(blocks.get(0).expect("it is there"));
        (0..9 * BLOCK).for_each(|number| blocks.push_back(number));
        assert_eq!(blocks.get(0).map(std::ptr::from_ref), Some(place));
    }

    #[test]
    fn it_is_a_queue_wherever_its_blocks_begin() {
        let mut blocks = Blocks::new();
        let mut queue = VecDeque::new();
        // It grows by two of three.
        for number in 0..7 * BLOCK {
            blocks.push_back(number);
            queue.push_back(number);
            if number % 3 == 0 {
                assert_eq!(blocks.pop_front(), queue.pop_front());
            }
            assert_eq!(blocks.len(), queue.len());
            assert_eq!(blocks.get(blocks.len() / 2), queue.get(queue.len() / 2));
        }
        assert!(blocks.range(0..usize::MAX).eq(&queue));
        assert!(blocks.range(BLOCK..BLOCK + 9).rev().eq(queue.range(BLOCK..BLOCK + 9).rev()));
        assert!(blocks.range(9 * BLOCK..usize::MAX).eq(&[0; 0]));
        for bound in 0..8 * BLOCK {
            let before = |number: &usize| *number < bound;
            assert_eq!(blocks.partition_point(before), queue.partition_point(before), "{bound}");
        }
        assert_eq!(blocks.get(blocks.len()), None);
        *blocks.get_mut(1).expect("there are many") = 0;
        assert_eq!(blocks.get(1), Some(&0));
        while queue.pop_front().is_some() {
            assert!(blocks.pop_front().is_some());
        }
        assert_eq!(
            (blocks.pop_front(), blocks.len(), blocks.partition_point(|_| true)),
            (None, 0, 0)
        );
    }
}
