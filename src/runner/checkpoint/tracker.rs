//! How far an input is done without a gap: the end of every record, however out of order, to one place.
//!
//! Pure. It holds one entry per record from the first unfinished one on; whoever feeds it decides how many those may be.

use std::collections::VecDeque;

use crate::finalization::{Advance, Done, EventStatus};

/// Follows the records of one input, `P` being a place in it.
#[derive(Debug)]
pub(super) struct Tracker<P> {
    done: P,
    /// The number of the first entry
    first: u64,
    entries: VecDeque<Entry<P>>,
    /// The number of the record that begins next
    next: u64,
    stopped: bool,
}

/// What is known of a record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// It is to be told how it ends, under this number; so much of it was done when it was read before
    New(u64, Done),
    /// It has ended, Delivered or Rejected, when it was read before
    Ended,
}

#[derive(Debug)]
struct Entry<P> {
    next: P,
    ended: Option<EventStatus>,
    /// What of it is done, if anything is: rarely, before its end
    done: Option<Box<Done>>,
}

impl<P: Copy> Tracker<P> {
    /// Everything before `done` is done.
    pub(super) fn new(done: P) -> Self {
        Self { done, first: 0, entries: VecDeque::new(), next: 0, stopped: false }
    }

    /// A record that reaches to `next` was read. Records begin in the order they are read.
    pub(super) fn begin(&mut self, next: P) -> Begun {
        if self.stopped {
            // Nothing behind what is Errored can move the place any more: it gets a number that no entry has. Those there
            // are stay, since they may yet be read again.
            return Begun::New(u64::MAX, Done::default());
        }
        let number = self.next;
        self.next = number.saturating_add(1);
        // What was read before and is done by now is read again all the same.
        let Some(index) = self.index(number) else { return Begun::Ended };
        match self.entries.get(index) {
            Some(Entry { ended: Some(_), .. }) => Begun::Ended,
            Some(Entry { done, .. }) => {
                Begun::New(number, done.as_deref().cloned().unwrap_or_default())
            }
            None => {
                self.entries.push_back(Entry { next, ended: None, done: None });
                Begun::New(number, Done::default())
            }
        }
    }

    /// Something more of the record of that number is done for good.
    pub(super) fn advance(&mut self, number: u64, advance: &Advance<'_>) {
        let index = self.index(number);
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.done.get_or_insert_default().note(advance);
        }
    }

    /// Everything has ended, and is read again from the place that is done: what ended Delivered or Rejected stays so.
    pub(super) fn rewind(&mut self) {
        for entry in &mut self.entries {
            entry.ended = entry.ended.filter(|status| *status != EventStatus::Errored);
        }
        (self.next, self.stopped) = (self.first, false);
    }

    /// The record of that number has ended.
    pub(super) fn end(&mut self, number: u64, status: EventStatus) {
        let index = self.index(number);
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.ended = Some(status);
        }
        while let Some(status) = self.entries.front().and_then(|entry| entry.ended) {
            if status == EventStatus::Errored {
                self.stopped = true;
                return;
            }
            if let Some(entry) = self.entries.pop_front() {
                self.done = entry.next;
                self.first += 1;
            }
        }
    }

    /// Where among the entries a record is; nothing where it is done.
    fn index(&self, number: u64) -> Option<usize> {
        number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok())
    }

    /// Every record before this place has ended, Delivered or Rejected.
    pub(super) const fn done(&self) -> P {
        self.done
    }

    /// Up to where records have begun that it knows of.
    pub(super) fn begun(&self) -> P {
        self.entries.back().map_or(self.done, |entry| entry.next)
    }

    /// How many records it holds that may move the place.
    pub(super) fn len(&self) -> usize {
        if self.stopped { 0 } else { self.entries.len() }
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

    fn begun(tracker: &mut Tracker<Place>, end: u64) -> u64 {
        let Begun::New(number, _) = tracker.begin(place(end)) else { panic!("it has not ended") };
        number
    }

    #[test]
    fn what_is_read_again_is_known_by_its_turn_and_what_ended_for_good_stays_so() {
        let mut tracker = Tracker::new(place(0));
        let numbers: Vec<_> = (1..=4).map(|end| begun(&mut tracker, end)).collect();
        tracker.end(numbers[2], EventStatus::Delivered);
        tracker.end(numbers[0], EventStatus::Delivered);
        tracker.end(numbers[3], EventStatus::Errored);
        tracker.end(numbers[1], EventStatus::Errored);
        assert_eq!((tracker.done(), tracker.len()), (place(1), 0));
        tracker.rewind();
        let second = begun(&mut tracker, 2);
        tracker.end(second, EventStatus::Rejected);
        assert_eq!(tracker.done(), place(3));
        assert_eq!(tracker.begin(place(3)), Begun::Ended);
        let fourth = begun(&mut tracker, 4);
        assert_eq!(begun(&mut tracker, 5), fourth + 1);
        tracker.end(fourth + 1, EventStatus::Delivered);
        tracker.end(fourth, EventStatus::Delivered);
        assert_eq!((tracker.done(), tracker.len()), (place(5), 0));
    }

    #[test]
    fn what_begins_behind_an_errored_record_is_no_part_of_what_is_read_again() {
        let mut tracker = Tracker::new(place(0));
        let numbers: Vec<_> = (1..=2).map(|end| begun(&mut tracker, end)).collect();
        tracker.end(numbers[1], EventStatus::Delivered);
        tracker.end(numbers[0], EventStatus::Errored);
        let behind = begun(&mut tracker, 3);
        tracker.end(behind, EventStatus::Delivered);
        tracker.rewind();
        let first = begun(&mut tracker, 1);
        assert_eq!(tracker.begin(place(2)), Begun::Ended);
        let third = begun(&mut tracker, 3);
        tracker.end(third, EventStatus::Delivered);
        tracker.end(first, EventStatus::Delivered);
        assert_eq!((tracker.done(), tracker.len()), (place(3), 0));
    }

    #[test]
    fn the_place_waits_for_the_slowest() {
        let mut tracker = Tracker::new(place(0));
        let numbers: Vec<_> = (1..=3).map(|end| begun(&mut tracker, end)).collect();
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
                    numbers.push(begun(tracker, next));
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
