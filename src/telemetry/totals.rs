//! A reading of the counters.

use std::collections::BTreeMap;

/// A reading of a [`Tally`](super::Tally). Every event that ended is in exactly one of delivered, skipped, rejected and errored.
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
    /// How many of the events read had been given back before, and were sent again
    pub again: u64,
    /// Inline automations that were not trusted
    pub ignored_inline: u64,
    /// Requests saved, because a neighbour's request did their work as well
    pub merged: u64,
}

impl Totals {
    /// Events that ended, however they did.
    pub fn ended(&self) -> u64 {
        let sum = |counts: &BTreeMap<_, u64>| counts.values().sum::<u64>();
        self.delivered + sum(&self.skipped) + sum(&self.rejected) + self.errored
    }
}
