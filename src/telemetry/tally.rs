//! Counters for everything that happens to events and requests: read by the summary, and told to the metrics facade.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::attempts::{AttemptEnd, Attempts, DeliveryEnd, Load};
use super::flow::{self, Flow};
use super::{Component, Constraint, ErrorType, Rejection, SkipReason, Totals};
use crate::courier::{Class, Endpoint, Request};
use crate::event::EventType;

/// What one sink has done so far. Shared by everyone who counts; every method is a few atomic steps.
///
/// The default one has no [`Component`], so only [`Tally::totals`] tells what it counts.
#[derive(Debug)]
pub struct Tally {
    component: Component,
    flow: Flow,
    attempts: Attempts,
    events: [AtomicU64; EventType::ALL.len()],
    unreadable: AtomicU64,
    requests: [AtomicU64; Endpoint::ALL.len()],
    retries: AtomicU64,
    delivered: AtomicU64,
    skipped: [AtomicU64; SkipReason::ALL.len()],
    rejected: [AtomicU64; Rejection::ALL.len()],
    errored: AtomicU64,
    again: AtomicU64,
    ignored_inline: AtomicU64,
    merged: AtomicU64,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new(Component::default())
    }
}

impl Tally {
    /// Nothing counted. What is counted is told to the recorder of the `metrics` facade that is installed now.
    pub fn new(component: Component) -> Self {
        Self {
            flow: Flow::new(&component),
            attempts: Attempts::new(&component),
            component,
            events: Default::default(),
            unreadable: AtomicU64::default(),
            requests: Default::default(),
            retries: AtomicU64::default(),
            delivered: AtomicU64::default(),
            skipped: Default::default(),
            rejected: Default::default(),
            errored: AtomicU64::default(),
            again: AtomicU64::default(),
            ignored_inline: AtomicU64::default(),
            merged: AtomicU64::default(),
        }
    }

    /// Whose counters they are.
    pub(crate) const fn component(&self) -> &Component {
        &self.component
    }

    /// An event was read, whose JSON takes so many bytes.
    pub fn event(&self, kind: EventType, bytes: usize) {
        if let Some(index) = EventType::ALL.iter().position(|known| *known == kind) {
            bump(self.events.get(index));
            flow::bump(&self.flow.events, index);
        }
        self.received(bytes);
    }

    fn received(&self, bytes: usize) {
        self.flow.received.increment(1);
        self.flow.received_bytes.increment(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// A record of so many bytes was not an event.
    pub fn unreadable(&self, bytes: usize) {
        bump(Some(&self.unreadable));
        self.received(bytes);
    }

    /// A request goes out.
    pub fn request(&self, request: &Request) {
        let index = request.endpoint().index();
        bump(self.requests.get(index));
        flow::bump(&self.flow.requests, index);
        self.attempts.begun(request.method());
    }

    /// A failed attempt is about to be followed by another.
    pub fn retry(&self) {
        bump(Some(&self.retries));
        self.flow.retries.increment(1);
    }

    /// An event was deliberately not sent.
    pub fn skipped(&self, reason: SkipReason) {
        bump(self.skipped.get(reason.index()));
        flow::bump(&self.flow.skipped, reason.index());
        self.flow.discard(true);
    }

    /// An event became a dead letter.
    pub fn rejected(&self, reason: Rejection) {
        bump(self.rejected.get(reason.index()));
        flow::bump(&self.flow.dead_letters, reason.index());
        self.flow.discard(false);
    }

    /// An event of so many bytes was delivered, so long after it was taken in.
    pub fn delivered(&self, bytes: usize, after: Duration) {
        bump(Some(&self.delivered));
        self.flow.sent.increment(1);
        self.flow.sent_bytes.increment(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.flow.delivery_seconds.record(after);
    }

    /// An event goes back to its source.
    pub fn errored(&self) {
        bump(Some(&self.errored));
        self.flow.returned.increment(1);
    }

    /// An event comes again that went back before; it is read like any other.
    pub fn again(&self) {
        bump(Some(&self.again));
    }

    /// So many steps rode on another's request.
    pub fn merged(&self, steps: usize) {
        if steps == 0 {
            return;
        }
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.merged.fetch_add(steps, Ordering::Relaxed);
        self.flow.merged.increment(steps);
    }

    /// An inline automation was not trusted.
    pub fn ignored_inline(&self) {
        bump(Some(&self.ignored_inline));
        self.flow.ignored_inline.increment(1);
    }

    /// Something ended with an error.
    pub(crate) fn error(&self, kind: ErrorType) {
        self.flow.error(kind);
    }

    /// An event entered the window, in which it takes so many bytes.
    pub(crate) fn entered(&self, bytes: usize) {
        flow::pass(&self.flow.buffered, bytes);
    }

    /// An event left the window, in which it took so many bytes.
    pub(crate) fn left(&self, bytes: usize) {
        flow::pass(&self.flow.unbuffered, bytes);
    }

    /// Courier asked a class to pause.
    pub(crate) fn pause(&self, class: Class) {
        flow::bump(&self.flow.pauses, class.index());
    }

    /// Everything is held from now on.
    pub(crate) fn hold(&self, reason: &'static str) {
        self.flow.hold(reason);
    }

    /// An attempt ended.
    pub(crate) fn attempt(&self, end: AttemptEnd) {
        self.attempts.ended(end);
    }

    /// A request succeeded whose body has so many bytes.
    pub(crate) fn sent(&self, bytes: usize) {
        self.attempts.sent(bytes);
    }

    /// An attempt ended under that load.
    pub(crate) fn load(&self, load: Load) {
        self.attempts.load(load);
    }

    /// An attempt was let go that had waited.
    pub(crate) fn waited(&self, constraint: Constraint, time: Duration) {
        self.attempts.waited(constraint, time);
    }

    /// A request came to its end with so many attempts.
    pub(crate) fn took(&self, attempts: u32) {
        self.attempts.took(attempts);
    }

    /// A request and all its attempts ended.
    pub(crate) fn delivery(&self, class: Class, end: DeliveryEnd) {
        self.attempts.delivery(class, end);
    }

    /// How many events ended, however they did. Cheaper than the totals.
    pub(crate) fn ended(&self) -> u64 {
        let one = [&self.delivered, &self.errored];
        one.into_iter().chain(&self.skipped).chain(&self.rejected).map(read).sum()
    }

    /// How many events were taken in, and records that are none.
    pub fn taken_in(&self) -> u64 {
        self.events.iter().chain([&self.unreadable]).map(read).sum()
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
            again: read(&self.again),
            ignored_inline: read(&self.ignored_inline),
            merged: read(&self.merged),
        }
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
