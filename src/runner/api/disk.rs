//! The metrics of a buffer on disk, brought up to date whenever somebody asks.

use metrics::{Counter, Gauge};

use crate::runner::buffer::{Filled, Level};
use crate::telemetry::{Component, Metric, bytes, names};

/// A buffer, and its handles.
pub(in crate::runner) struct Disk {
    level: Level,
    events: Gauge,
    bytes: Gauge,
    received: Counter,
    sent: Counter,
    unstored: Counter,
    dropped: Counter,
    damaged: Counter,
}

impl Disk {
    /// The buffer of the sink `component`, which may take `max_size` bytes.
    pub(in crate::runner) fn new(level: Level, component: &Component, max_size: u64) -> Self {
        let label = || ("buffer_type", "disk".to_owned());
        let gauge = |metric: Metric| component.gauge(metric, &[label()]);
        let counter = |metric: Metric| component.counter(metric, &[label()]);
        let discarded = |intentional: &str| {
            let labels = [label(), ("intentional", intentional.to_owned())];
            component.counter(names::BUFFER_DISCARDED_EVENTS, &labels)
        };
        gauge(names::BUFFER_MAX_BYTES).set(bytes(max_size));
        Self {
            level,
            events: gauge(names::BUFFER_EVENTS),
            bytes: gauge(names::BUFFER_BYTES),
            received: counter(names::BUFFER_RECEIVED_EVENTS),
            sent: counter(names::BUFFER_SENT_EVENTS),
            unstored: counter(names::BUFFER_ERRORS),
            dropped: discarded("true"),
            damaged: discarded("false"),
        }
    }

    /// How full it is now.
    pub(super) fn show(&self) -> Filled {
        let filled = self.level.show();
        self.events.set(bytes(filled.records));
        self.bytes.set(bytes(filled.bytes));
        self.received.absolute(filled.received);
        self.sent.absolute(filled.sent);
        self.unstored.absolute(filled.unstored);
        self.dropped.absolute(filled.discarded);
        self.damaged.absolute(filled.lost);
        filled
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("level", &self.level).finish_non_exhaustive()
    }
}
