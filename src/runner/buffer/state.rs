//! What is in a buffer, what of it was fed, and how that ended: the order in which records go to the sink.
//!
//! In: blocks as they are written or read, and the ends of their records. Out: the next record, in order; once one ended
//! Errored, or will, none, until all that were fed have ended. It touches neither disk nor clock; whoever is to go on is woken.

mod read;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::task::Waker;

use super::ledger::Ledger;
use super::limits::{READY_BYTES, cost};
use crate::clock::Time;
use crate::event::Origin;
use crate::finalization::{Advance, EventStatus};
use crate::sink::Payload;

mod next;

pub(super) use next::Next;

/// A buffer's state, behind one lock.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is set and asked for by itself")]
pub(super) struct State {
    pub(super) ledger: Ledger,
    /// What its blocks take on disk, those left out that have ended: they go with the next commit, whatever that brings
    pub(super) used: u64,
    /// What those took that were written in this run
    pub(super) appended: u64,
    /// When the last block was written
    newest: Option<Time>,
    /// Whether the ledger has changed since it was written last
    pub(super) is_changed: bool,
    /// Blocks of which something was fed, by their first sequence. As many as there are records that were fed and have
    /// not ended, and one.
    touched: BTreeMap<u64, Touched>,
    /// Blocks that have ended and are still on disk
    pub(super) removable: BTreeSet<u64>,
    ready: VecDeque<Block>,
    ready_bytes: usize,
    /// Behind the last block that is ready or was fed
    tail: u64,
    /// What was asked for in an earlier pass is not wanted any more
    pass: u64,
    is_reading: bool,
    /// From where, and in which pass, something is to be read
    pub(super) wanted: Option<(u64, u64)>,
    /// Whether an arriving block waits until there is room
    pub(super) wants_room: bool,
    outstanding: usize,
    is_halted: bool,
    /// Whether a record has ended for good in this pass
    has_progressed: bool,
    pub(super) input_has_ended: bool,
    /// Whether the sink is gone, and nothing will leave
    pub(super) feed_is_gone: bool,
    /// Whether nothing can be read any more
    pub(super) is_broken: bool,
    pub(super) waker: Option<Waker>,
}

#[derive(Debug)]
struct Touched {
    left: u64,
    cost: u64,
    at: Option<Time>,
}

/// A block whose records wait to be fed.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) range: Range<u64>,
    /// Its frames' length
    pub(super) bytes: usize,
    /// When it was written
    pub(super) at: Option<Time>,
    pub(super) records: VecDeque<(u64, Payload, Origin)>,
}

impl State {
    /// What is in it at first: `used` bytes, the `newest` of which came then.
    pub(super) fn new(ledger: Ledger, used: u64, newest: Option<Time>) -> Self {
        Self {
            tail: ledger.low(),
            ledger,
            used,
            appended: 0,
            newest,
            is_changed: false,
            touched: BTreeMap::new(),
            removable: BTreeSet::new(),
            ready: VecDeque::new(),
            ready_bytes: 0,
            pass: 0,
            is_reading: false,
            wanted: None,
            wants_room: false,
            outstanding: 0,
            is_halted: false,
            has_progressed: false,
            input_has_ended: false,
            feed_is_gone: false,
            is_broken: false,
            waker: None,
        }
    }

    /// What is to be done next; a record that is given counts as fed.
    pub(super) fn next(&mut self) -> Next {
        if self.is_broken {
            return Next::End;
        }
        if self.is_halted {
            return match (self.outstanding, self.input_has_ended && !self.has_progressed) {
                (1.., _) => Next::Wait,
                (0, true) => Next::End,
                (0, false) => Next::Again { has_progressed: self.has_progressed },
            };
        }
        while let Some(block) = self.ready.front_mut() {
            while let Some((sequence, payload, origin)) = block.records.pop_front() {
                if self.ledger.is_ended(sequence) {
                    continue;
                }
                let first = block.range.start;
                if !self.touched.contains_key(&first) {
                    let left = self.ledger.left_in(&block.range);
                    let (cost, at) = (cost(block.bytes), block.at);
                    self.touched.insert(first, Touched { left, cost, at });
                }
                self.outstanding += 1;
                let done = self.ledger.done(sequence);
                return Next::Record { block: first, sequence, payload, origin, done };
            }
            self.ready_bytes -= block.bytes;
            self.ready.pop_front();
        }
        if self.tail < self.ledger.next() {
            if self.is_reading {
                return Next::Wait;
            }
            self.is_reading = true;
            self.wanted = Some((self.tail, self.pass));
            return Next::Read;
        }
        if self.input_has_ended && self.outstanding == 0 { Next::End } else { Next::Wait }
    }

    /// Begins again with the oldest record that has not ended.
    pub(super) fn again(&mut self) {
        self.pass += 1;
        self.is_reading = false;
        self.is_halted = false;
        self.has_progressed = false;
        self.ready.clear();
        self.ready_bytes = 0;
        self.tail = self.ledger.low();
    }

    /// A record that was fed will be Errored: nothing newer is fed until all that were have ended.
    pub(super) const fn halt(&mut self) {
        self.is_halted = true;
    }

    /// Something more of a record that was fed is done for good.
    pub(super) fn advance(&mut self, sequence: u64, advance: &Advance<'_>) {
        self.ledger.advance(sequence, advance);
        self.is_changed = true;
    }

    /// A record that was fed has ended.
    pub(super) fn end(&mut self, first: u64, sequence: u64, status: EventStatus) {
        self.outstanding -= 1;
        match status {
            EventStatus::Errored => self.halt(),
            EventStatus::Delivered | EventStatus::Rejected => {
                self.has_progressed = true;
                self.is_changed |= self.ledger.end(sequence..sequence.saturating_add(1)) > 0;
                self.leave(first);
            }
        }
        if self.outstanding == 0 && (self.is_halted || self.input_has_ended) {
            self.wake();
        }
    }

    /// A record of the block that begins with `first` has ended for good.
    fn leave(&mut self, first: u64) {
        if let Some(touched) = self.touched.get_mut(&first) {
            touched.left = touched.left.saturating_sub(1);
            if touched.left == 0 {
                let cost = touched.cost;
                self.remove(first, cost);
            }
        }
    }

    /// A block has ended that takes so much.
    fn remove(&mut self, first: u64, cost: u64) {
        self.touched.remove(&first);
        if self.removable.insert(first) {
            self.used = self.used.saturating_sub(cost);
        }
    }

    /// A block has been written that takes the next sequences.
    pub(super) fn appended(&mut self, block: Block) {
        self.used = self.used.saturating_add(cost(block.bytes));
        self.appended = self.appended.saturating_add(cost(block.bytes));
        self.newest = block.at;
        self.ledger.append(block.range.end - block.range.start);
        let fits = self.ready.is_empty() || self.ready_bytes + block.bytes <= READY_BYTES;
        // Only what comes right behind: what is further on is read once it is its turn.
        if self.tail == block.range.start && fits && !self.is_reading {
            self.push(block);
        }
        self.wake();
    }

    fn push(&mut self, block: Block) {
        self.tail = block.range.end;
        self.ready_bytes += block.bytes;
        self.ready.push_back(block);
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

mod failed;
mod look;
#[cfg(test)]
mod tests;
