//! How far an input is done without a gap: the end of every record, however out of order, to one place.
//!
//! Pure. It holds one entry per record from the first unfinished one on; whoever feeds it decides how many those may be.

use std::collections::VecDeque;

use crate::finalization::EventStatus;
/// Follows the records of one input, `P` being a place in it.
#[derive(Debug)]
pub(super) struct Tracker<P> {
    done: P,
    /// The number of the first entry
    first: u64,
    entries: VecDeque<Entry<P>>,
    stopped: bool,
}

#[derive(Debug)]
struct Entry<P> {
    next: P,
    ended: Option<EventStatus>,
}

impl<P: Copy> Tracker<P> {
    /// Everything before `done` is done.
    pub(super) fn new(done: P) -> Self {
        Self { done, first: 0, entries: VecDeque::new(), stopped: false }
    }

    /// A record that reaches to `next` was read. Gives its number. Records begin in the order they are read.
    pub(super) fn begin(&mut self, next: P) -> u64 {
        let number =
            self.first.saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX));
        if self.stopped {
            return number;
        }
        self.entries.push_back(Entry { next, ended: None });
        number
    }

    /// The record of that number has ended.
    pub(super) fn end(&mut self, number: u64, status: EventStatus) {
        let index = number.checked_sub(self.first);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.ended = Some(status);
        }
        while let Some(status) = self.entries.front().and_then(|entry| entry.ended) {
            if status == EventStatus::Errored {
                // Nothing behind it can move the place any more, so nothing behind it is worth its memory.
                self.stopped = true;
                self.first = u64::MAX;
                self.entries.clear();
                return;
            }
            if let Some(entry) = self.entries.pop_front() {
                self.done = entry.next;
                self.first += 1;
            }
        }
    }

    /// Every record before this place has ended, Delivered or Rejected.
    pub(super) const fn done(&self) -> P {
        self.done
    }

    /// How many records it holds.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::runner::source::framing::{Place, Shape};

    fn place(offset: u64) -> Place {
        Place { offset, line: offset + 1, shape: Shape::Lines }
    }

    #[test]
    fn the_place_waits_for_the_slowest() {
        let mut tracker = Tracker::new(place(0));
        let numbers: Vec<_> = (1..=3).map(|end| tracker.begin(place(end))).collect();
        tracker.end(numbers[2], EventStatus::Delivered);
        tracker.end(numbers[1], EventStatus::Rejected);
        assert_eq!(tracker.done(), place(0));
        tracker.end(numbers[0], EventStatus::Delivered);
        assert_eq!((tracker.done(), tracker.len()), (place(3), 0));
    }

    proptest! {
        #[test]
        fn the_place_is_never_past_an_errored_or_unfinished_record_and_reaches_it(
            (statuses, order) in vec(select(vec![
                EventStatus::Delivered, EventStatus::Delivered, EventStatus::Rejected, EventStatus::Errored,
            ]), 1..40).prop_flat_map(|statuses| {
                let order = Just((0..statuses.len()).collect::<Vec<_>>()).prop_shuffle();
                (Just(statuses), order)
            }),
            late in 0..40_usize,
        ) {
            let mut tracker = Tracker::new(place(0));
            let mut numbers = Vec::new();
            let mut ended = vec![false; statuses.len()];
            let mut begin = |tracker: &mut Tracker<Place>, upto: usize| {
                while numbers.len() < upto {
                    let next = u64::try_from(numbers.len() + 1).unwrap();
                    numbers.push(tracker.begin(place(next)));
                }
                numbers.clone()
            };
            // Some records begin only while others end.
            let late = late.min(statuses.len());
            begin(&mut tracker, late);
            for index in order {
                let numbers = begin(&mut tracker, late.max(index + 1));
                tracker.end(numbers[index], statuses[index]);
                ended[index] = true;
                let good = |at: &usize| ended[*at] && statuses[*at] != EventStatus::Errored;
                let expected = (0..statuses.len()).take_while(good).count();
                prop_assert_eq!(tracker.done().offset, u64::try_from(expected).unwrap());
            }
            prop_assert_eq!(tracker.len(), 0);
        }
    }
}
