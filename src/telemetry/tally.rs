//! Counters for everything that happens to events and requests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Rejection, SkipReason};
use crate::courier::Endpoint;
use crate::event::EventType;

/// What one sink has done so far. Shared by everyone who counts; every method is one atomic step.
#[derive(Debug, Default)]
pub struct Tally {
    events: [AtomicU64; EventType::ALL.len()],
    unreadable: AtomicU64,
    requests: [AtomicU64; Endpoint::ALL.len()],
    retries: AtomicU64,
    delivered: AtomicU64,
    skipped: [AtomicU64; SkipReason::ALL.len()],
    rejected: [AtomicU64; Rejection::ALL.len()],
    errored: AtomicU64,
    ignored_inline: AtomicU64,
    merged: AtomicU64,
}

/// A reading of a [`Tally`]. Every event that ended is in exactly one of delivered, skipped, rejected and errored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events read, by type; none where zero
    pub events: BTreeMap<&'static str, u64>,
    /// Records that are not events
    pub unreadable: u64,
    /// HTTP requests sent, every attempt included, by endpoint; none where zero
    pub requests: BTreeMap<&'static str, u64>,
    /// Attempts that followed a failed one
    pub retries: u64,
    /// Events that Courier has
    pub delivered: u64,
    /// Events that were deliberately not sent, by reason; none where zero
    pub skipped: BTreeMap<&'static str, u64>,
    /// Events that became dead letters, by reason; none where zero
    pub rejected: BTreeMap<&'static str, u64>,
    /// Events given back to their source
    pub errored: u64,
    /// Inline automations that were not trusted
    pub ignored_inline: u64,
    /// Requests saved, because a neighbour's request did their work as well
    pub merged: u64,
}

impl Tally {
    /// An event was read.
    pub fn event(&self, kind: EventType) {
        let index = EventType::ALL.iter().position(|known| *known == kind);
        bump(index.and_then(|index| self.events.get(index)));
    }

    /// A record was not an event.
    pub fn unreadable(&self) {
        bump(Some(&self.unreadable));
    }

    /// A request goes out.
    pub fn request(&self, endpoint: Endpoint) {
        bump(self.requests.get(endpoint.index()));
    }

    /// A failed attempt is about to be followed by another.
    pub fn retry(&self) {
        bump(Some(&self.retries));
    }

    /// An event was deliberately not sent.
    pub fn skipped(&self, reason: SkipReason) {
        bump(self.skipped.get(reason.index()));
    }

    /// An event became a dead letter.
    pub fn rejected(&self, reason: Rejection) {
        bump(self.rejected.get(reason.index()));
    }

    /// An event was delivered.
    pub fn delivered(&self) {
        bump(Some(&self.delivered));
    }

    /// An event goes back to its source.
    pub fn errored(&self) {
        bump(Some(&self.errored));
    }

    /// So many steps rode on another's request.
    pub fn merged(&self, steps: usize) {
        self.merged.fetch_add(u64::try_from(steps).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// An inline automation was not trusted.
    pub fn ignored_inline(&self) {
        bump(Some(&self.ignored_inline));
    }

    /// The counts now. Counts that belong together may be apart by what happens while they are read.
    pub fn totals(&self) -> Totals {
        Totals {
            events: named(EventType::ALL.map(EventType::as_str), &self.events),
            unreadable: read(&self.unreadable),
            requests: named(Endpoint::ALL.map(Endpoint::as_str), &self.requests),
            retries: read(&self.retries),
            delivered: read(&self.delivered),
            skipped: named(SkipReason::ALL.map(SkipReason::as_str), &self.skipped),
            rejected: named(Rejection::ALL.map(Rejection::as_str), &self.rejected),
            errored: read(&self.errored),
            ignored_inline: read(&self.ignored_inline),
            merged: read(&self.merged),
        }
    }
}

impl Totals {
    /// Events that ended, however they did.
    pub fn ended(&self) -> u64 {
        let sum = |counts: &BTreeMap<_, u64>| counts.values().sum::<u64>();
        self.delivered + sum(&self.skipped) + sum(&self.rejected) + self.errored
    }
}

fn bump(counter: Option<&AtomicU64>) {
    if let Some(counter) = counter {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn named<const N: usize>(
    names: [&'static str; N],
    counters: &[AtomicU64; N],
) -> BTreeMap<&'static str, u64> {
    let counts = names.into_iter().zip(counters.iter().map(read));
    counts.filter(|(_, count)| *count > 0).collect()
}
