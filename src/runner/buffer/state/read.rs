//! What was read of the store: whole records wait to be fed, and what is damaged or not there any more has ended.

use std::collections::VecDeque;
use std::ops::Range;

use super::{Block, State};
use crate::runner::buffer::database::Row;
use crate::runner::buffer::frame::{Content, Id};
use crate::runner::buffer::limits::cost;
use crate::runner::buffer::scan;

impl State {
    /// Blocks were read behind the tail, in `pass`. Gives the records that are damaged: they have ended.
    pub(in crate::runner::buffer) fn read(
        &mut self,
        id: Id,
        rows: Vec<Row>,
        pass: u64,
    ) -> Vec<Range<u64>> {
        let mut lost = Vec::new();
        if pass != self.pass {
            return lost;
        }
        self.is_reading = false;
        let is_last = rows.is_empty();
        for row in rows {
            let range = row.range.start..row.range.end.min(self.ledger.next());
            self.lose(self.tail..range.start, &mut lost);
            let bytes = row.bytes.len();
            let mut records = VecDeque::new();
            let (mut expected, mut at) = (range.start, None);
            for (header, content) in scan::frames(id, row.bytes) {
                let is_next = header.sequence >= expected && header.sequence < range.end;
                if let (true, Some(Content::Record { payload, origin })) = (is_next, content) {
                    at = at.or(Some(header.at));
                    self.lose(expected..header.sequence, &mut lost);
                    records.push_back((header.sequence, payload, origin));
                    expected = header.sequence + 1;
                }
            }
            self.lose(expected..range.end, &mut lost);
            let left = self.ledger.left_in(&range);
            if left == 0 {
                // Nobody will tell its end any more.
                self.tail = range.end;
                self.remove(range.start, cost(bytes));
            } else {
                if let Some(touched) = self.touched.get_mut(&range.start) {
                    touched.left = left;
                }
                self.push(Block { range, bytes, at, records });
            }
        }
        if is_last {
            self.lose(self.tail..self.ledger.next(), &mut lost);
            self.tail = self.ledger.next();
        }
        self.wake();
        lost
    }

    /// What is not there any more has ended.
    fn lose(&mut self, range: Range<u64>, lost: &mut Vec<Range<u64>>) {
        if self.ledger.end(range.clone()) > 0 {
            self.is_changed = true;
            lost.push(range);
        }
    }
}
