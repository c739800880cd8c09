//! The handles for what events do: come in, go out, or not.

use metrics::{Counter, Histogram};

use super::component::{BufferType, Component};
use super::family::Family;
use super::names;
use super::{ErrorType, Rejection, SkipReason};
use crate::courier::{Class, Endpoint};
use crate::event::EventType;

/// Counted for each event.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) received: Counter,
    pub(super) received_bytes: Counter,
    pub(super) events: [Counter; EventType::ALL.len()],
    pub(super) sent: Counter,
    pub(super) sent_bytes: Counter,
    pub(super) delivery_seconds: Histogram,
    pub(super) skipped: [Counter; SkipReason::ALL.len()],
    pub(super) dead_letters: [Counter; Rejection::ALL.len()],
    /// Unintentional ones, then intentional ones
    pub(super) discarded: [Counter; 2],
    pub(super) returned: Counter,
    pub(super) ignored_inline: Counter,
    pub(super) merged: Counter,
    /// Events, then bytes
    pub(super) buffered: [Counter; 2],
    pub(super) unbuffered: [Counter; 2],
    errors: [Counter; ErrorType::OF_SINKS.len()],
    pub(super) requests: [Counter; Endpoint::ALL.len()],
    pub(super) retries: Counter,
    holds: Family<&'static str>,
    pub(super) pauses: [Counter; Class::ALL.len()],
}

impl Flow {
    pub(super) fn new(component: &Component) -> Self {
        let plain = |metric| component.counter(metric, &[]);
        let in_memory = |metric| component.counter(metric, &component.buffer(BufferType::Memory));
        let types = EventType::ALL.map(EventType::as_str);
        let endpoints = Endpoint::ALL.map(Endpoint::as_str);
        Self {
            received: plain(names::RECEIVED_EVENTS),
            received_bytes: plain(names::RECEIVED_EVENT_BYTES),
            events: component.counters(names::EVENTS, "type", types),
            sent: plain(names::SENT_EVENTS),
            sent_bytes: plain(names::SENT_EVENT_BYTES),
            delivery_seconds: component.histogram(names::DELIVERY_SECONDS, &[]),
            skipped: component.counters(
                names::SKIPPED,
                "reason",
                SkipReason::ALL.map(SkipReason::as_str),
            ),
            dead_letters: component.counters(
                names::DEAD_LETTERS,
                "reason",
                Rejection::ALL.map(Rejection::as_str),
            ),
            discarded: component.counters(
                names::DISCARDED_EVENTS,
                "intentional",
                ["false", "true"],
            ),
            returned: plain(names::RETURNED),
            ignored_inline: plain(names::IGNORED_INLINE),
            merged: plain(names::MERGED),
            buffered: [names::BUFFER_RECEIVED_EVENTS, names::BUFFER_RECEIVED_BYTES].map(in_memory),
            unbuffered: [names::BUFFER_SENT_EVENTS, names::BUFFER_SENT_BYTES].map(in_memory),
            errors: ErrorType::OF_SINKS.map(|kind| component.errors(kind, kind.stage())),
            requests: component.counters(names::REQUESTS, "endpoint", endpoints),
            retries: plain(names::RETRIES),
            holds: Family::new(component, names::HOLDS),
            pauses: component.counters(names::PAUSES, "class", Class::ALL.map(Class::as_str)),
        }
    }

    /// Events that will not be delivered.
    pub(super) fn discard(&self, is_intentional: bool) {
        let [unintentional, intentional] = &self.discarded;
        if is_intentional { intentional } else { unintentional }.increment(1);
    }

    pub(super) fn hold(&self, reason: &'static str) {
        self.holds.count(reason, |reason| vec![("reason", reason.to_owned())]);
    }

    pub(super) fn error(&self, kind: ErrorType) {
        bump(&self.errors, kind.index());
    }
}

/// One more of what stands at `index`.
pub(super) fn bump(counters: &[Counter], index: usize) {
    if let Some(counter) = counters.get(index) {
        counter.increment(1);
    }
}

/// One more, of so many bytes.
pub(super) fn pass([events, all]: &[Counter; 2], bytes: usize) {
    events.increment(1);
    all.increment(u64::try_from(bytes).unwrap_or(u64::MAX));
}
