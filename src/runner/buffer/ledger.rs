//! Which records have ended: everything below a mark, and runs above it; and what is done of others.
//!
//! In: records as they are appended, as they advance and as they end. Out: which of them are left, and the few bytes that
//! say so. The runs are as many as there are gaps, which are records that were fed and have not ended: no more than the
//! sink's window holds. Nor have more records advanced. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use super::done;
use super::frame::take;
use crate::finalization::{Advance, Done};

/// Sequences count from 1 and are never used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ledger {
    /// All below have ended
    low: u64,
    /// What is appended next
    next: u64,
    /// Start and end of each run above `low` that has ended; they neither touch nor overlap
    runs: BTreeMap<u64, u64>,
    /// How many records the runs hold
    in_runs: u64,
    /// What is done of records that have not ended
    done: BTreeMap<u64, Done>,
}

impl Ledger {
    /// Of a buffer that holds nothing, and goes on with `next`.
    pub(super) fn starting_at(next: u64) -> Self {
        Self { low: next, next, runs: BTreeMap::new(), in_runs: 0, done: BTreeMap::new() }
    }

    /// The oldest record that has not ended; [`Ledger::next`] where none is left.
    pub(super) const fn low(&self) -> u64 {
        self.low
    }

    /// The sequence of the record that is appended next.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// How many records are left.
    pub(super) const fn left(&self) -> u64 {
        self.next - self.low - self.in_runs
    }

    /// Whether a record has ended.
    pub(super) fn is_ended(&self, sequence: u64) -> bool {
        let run = self.runs.range(..=sequence).next_back();
        sequence < self.low || run.is_some_and(|(_, end)| sequence < *end)
    }

    /// Takes in that many records.
    pub(super) const fn append(&mut self, count: u64) {
        self.next = self.next.saturating_add(count);
    }

    /// How many records of `range` have not ended.
    pub(super) fn left_in(&self, range: &Range<u64>) -> u64 {
        let start = range.start.max(self.low);
        let end = range.end.min(self.next);
        let Some(count) = end.checked_sub(start) else { return 0 };
        let within = |(from, to): (&u64, &u64)| (*to).min(end).saturating_sub((*from).max(start));
        let before = self.runs.range(..start).next_back().map_or(0, within);
        count - before - self.runs.range(start..end.max(start)).map(within).sum::<u64>()
    }

    /// Something more of a record is done.
    pub(super) fn advance(&mut self, sequence: u64, advance: &Advance<'_>) {
        if !self.is_ended(sequence) {
            self.done.entry(sequence).or_default().note(advance);
        }
    }

    /// So much of a record is known to be done.
    pub(super) fn know(&mut self, sequence: u64, done: Done) {
        if !done.is_nothing() && !self.is_ended(sequence) {
            self.done.insert(sequence, done);
        }
    }

    /// What of a record is done.
    pub(super) fn done(&self, sequence: u64) -> Done {
        self.done.get(&sequence).cloned().unwrap_or_default()
    }

    /// Ends the records of `range`; tells how many had not ended before.
    pub(super) fn end(&mut self, range: Range<u64>) -> u64 {
        let left = self.left_in(&range);
        let (mut start, mut end) = (range.start.max(self.low), range.end.min(self.next));
        if left == 0 {
            return 0;
        }
        let advanced: Vec<u64> = self.done.range(range).map(|(sequence, _)| *sequence).collect();
        for sequence in advanced {
            self.done.remove(&sequence);
        }
        // Every run it touches becomes one with it.
        while let Some((from, to)) = self.runs.range(..=end).next_back().map(|(a, b)| (*a, *b)) {
            if to < start {
                break;
            }
            self.runs.remove(&from);
            self.in_runs -= to - from;
            (start, end) = (start.min(from), end.max(to));
        }
        if start == self.low {
            self.low = end;
        } else {
            self.runs.insert(start, end);
            self.in_runs += end - start;
        }
        left
    }

    /// What it will be once `count` more records are appended, as bytes.
    pub(super) fn write(&self, count: u64, out: &mut Vec<u8>) {
        out.extend(self.low.to_le_bytes());
        out.extend(self.next.saturating_add(count).to_le_bytes());
        out.extend(u64::try_from(self.runs.len()).unwrap_or(u64::MAX).to_le_bytes());
        for (start, end) in &self.runs {
            out.extend(start.to_le_bytes());
            out.extend(end.to_le_bytes());
        }
        for (sequence, done) in &self.done {
            out.extend(sequence.to_le_bytes());
            done::write(done, out);
        }
    }

    /// Reads what [`Ledger::write`] wrote.
    pub(super) fn read(mut bytes: &[u8]) -> Option<Self> {
        let low = u64::from_le_bytes(take(&mut bytes)?);
        let next = u64::from_le_bytes(take(&mut bytes)?);
        let mut ledger = Self::starting_at(low);
        ledger.append(next.checked_sub(low)?);
        for _ in 0..u64::from_le_bytes(take(&mut bytes)?) {
            let start = u64::from_le_bytes(take(&mut bytes)?);
            let end = u64::from_le_bytes(take(&mut bytes)?);
            ledger.end(start..end);
        }
        while !bytes.is_empty() {
            let sequence = u64::from_le_bytes(take(&mut bytes)?);
            ledger.done.insert(sequence, done::read(&mut bytes)?);
        }
        Some(ledger)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_counts_as_a_set_does(steps in prop::collection::vec((0_u64..40, 0_u64..5, 0_u64..4), 0..60)) {
            let mut ledger = Ledger::starting_at(1);
            let (mut left, mut next) = (BTreeSet::new(), 1);
            for (start, length, appended) in steps {
                ledger.advance(start, &Advance::Part(2, &Advance::Whole));
                ledger.append(appended);
                left.extend(next..next + appended);
                next += appended;
                let range = start..start + length;
                let within = left.range(range.clone()).count();
                let within = u64::try_from(within).unwrap();
                prop_assert_eq!(ledger.left_in(&range), within);
                prop_assert_eq!(ledger.end(range.clone()), within);
                left.retain(|it| !range.contains(it));
                prop_assert_eq!(usize::try_from(ledger.left()).unwrap(), left.len());
                prop_assert_eq!(ledger.low(), left.first().copied().unwrap_or(next));
                for sequence in 1..next {
                    prop_assert_eq!(ledger.is_ended(sequence), !left.contains(&sequence));
                    prop_assert!(left.contains(&sequence) || ledger.done(sequence).is_nothing());
                }
            }
            let mut bytes = Vec::new();
            ledger.write(0, &mut bytes);
            prop_assert_eq!(Ledger::read(&bytes), Some(ledger));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Ledger::read(&bytes);
        }
    }
}
