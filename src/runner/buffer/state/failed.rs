//! What becomes of a buffer's state when the disk fails.

use super::State;

impl State {
    /// Nothing is known to be written, and the next sequences are used up. What may be there all the same goes.
    pub(in super::super) fn burn(&mut self, count: u64) {
        let range = self.ledger.next()..self.ledger.next().saturating_add(count);
        self.ledger.append(count);
        self.ledger.end(range.clone());
        self.is_changed = true;
        self.removable.insert(range.start);
        if self.tail == range.start {
            self.tail = range.end;
        }
    }

    /// The store is empty and made anew.
    pub(in super::super) fn restarted(&mut self) {
        self.used = 0;
        self.removable.clear();
    }

    /// What was asked for could not be read: it is asked for again.
    pub(in super::super) fn unread(&mut self) {
        self.is_reading = false;
        self.wake();
    }
}
