//! Reads the log of requests into rows, from where it stopped the last time, and only when somebody looks.
//!
//! The log is held for a few rows' clones at a time, and rows are made without it. When more comes than can be read while
//! somebody looks, reading falls behind and goes on; only what the log itself would show no more is passed over, and
//! counted.

use std::collections::{BTreeMap, VecDeque};

use super::super::courier::Courier;
use super::super::log::Entry;
use super::super::state::InboundKind;
use super::rows;
use crate::page::{Feed, Outcome, Row};

/// Requests taken under one hold of the lock, and holds for one look. So one look reads a few thousand at most, which
/// takes some hundredths of a second, and four looks a second read more than the emulator answers.
const CHUNK: usize = 128;
const CHUNKS: usize = 96;

/// As many as the feed keeps; what is older is not worth reading any more.
const KEPT: u64 = 100_000;

/// Security: answers that wait are looked for again, of so many at once.
const MAX_WAITING: usize = 10_000;

/// Security: the names of events are foreign, so not every one is counted.
const MAX_TRIGGERS: usize = 1_000;

/// An event that something can be linked to: the way it comes in, and `track/NAME`, `identify` or `group`.
pub(super) type Trigger = (InboundKind, String);

/// The rows, and how far they were read.
#[derive(Debug, Default)]
pub(super) struct Follower {
    feed: Feed,
    next: u64,
    waiting: VecDeque<u64>,
    triggers: BTreeMap<Trigger, u64>,
}

impl Follower {
    pub(super) const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// What changes when a row comes or ends.
    pub(super) fn read(&self) -> String {
        format!("{} {}", self.next, self.waiting.len())
    }

    /// The events that something can be linked to, each with how often it came.
    pub(super) const fn triggers(&self) -> &BTreeMap<Trigger, u64> {
        &self.triggers
    }

    /// Reads what has come since, or a part of it.
    pub(super) fn catch_up(&mut self, courier: &Courier) {
        self.look_again(courier);
        for _ in 0..CHUNKS {
            let requests = self.take(courier);
            if requests.is_empty() {
                return;
            }
            for entry in requests {
                self.next = entry.request.sequence + 1;
                if let Some(row) = rows::row(entry) {
                    self.push(row);
                }
            }
        }
    }

    fn take(&mut self, courier: &Courier) -> Vec<Entry> {
        let state = courier.state();
        let oldest = state.log.next().saturating_sub(KEPT);
        let requests: Vec<_> =
            state.log.entries(self.next.max(oldest)).take(CHUNK).cloned().collect();
        drop(state);
        if let Some(first) = requests.first() {
            self.feed.miss(first.request.sequence.saturating_sub(self.next));
        }
        requests
    }

    fn push(&mut self, row: Row) {
        if row.outcome == Outcome::Waiting && self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(row.number);
        }
        count(&mut self.triggers, &row);
        self.feed.push(row);
    }

    /// Looks whether those that waited have been answered.
    fn look_again(&mut self, courier: &Courier) {
        if self.waiting.is_empty() {
            return;
        }
        let state = courier.state();
        let (feed, triggers) = (&mut self.feed, &mut self.triggers);
        self.waiting.retain(|number| {
            let request = state.log.since(*number).next();
            let status = request.filter(|it| it.sequence == *number).map(|it| it.status);
            match status {
                Some(Some(status)) => {
                    feed.end(*number, Outcome::Answered(status.as_u16()));
                    // Only now is it known to have been taken.
                    if let Some(row) = feed.row(*number) {
                        count(triggers, row);
                    }
                }
                Some(None) => return true,
                None => {}
            }
            false
        });
    }
}

/// Counts an event that something can be linked to.
fn count(triggers: &mut BTreeMap<Trigger, u64>, row: &Row) {
    let Some(source) = rows::starts(row) else {
        return;
    };
    let trigger = (source, row.trigger());
    let has_room = triggers.len() < MAX_TRIGGERS;
    match triggers.get_mut(&trigger) {
        Some(count) => *count += 1,
        None if has_room => {
            triggers.insert(trigger, 1);
        }
        None => {}
    }
}
