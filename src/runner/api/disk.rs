//! The metrics of a buffer on disk, brought up to date whenever somebody asks.

use metrics::{Counter, Gauge};

use crate::runner::buffer::{Filled, Level};
use crate::telemetry::{BufferType, Component, Metric, bytes, names};

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
    received_bytes: Counter,
    sent_bytes: Counter,
    dropped_bytes: Counter,
}

impl Disk {
    /// The buffer of the sink `component`, which may take `max_size` bytes.
    pub(in crate::runner) fn new(level: Level, component: &Component, max_size: u64) -> Self {
        let labels = component.buffer(BufferType::Disk);
        let gauge = |metric: Metric| component.gauge(metric, &labels);
        let counter = |metric: Metric| component.counter(metric, &labels);
        let discarded = |metric: Metric, intentional: &str| {
            let [id, kind, stage] = labels.clone();
            component.counter(metric, &[id, kind, stage, ("intentional", intentional.to_owned())])
        };
        gauge(names::BUFFER_MAX_BYTES).set(bytes(max_size));
        Self {
            level,
            events: gauge(names::BUFFER_EVENTS),
            bytes: gauge(names::BUFFER_BYTES),
            received: counter(names::BUFFER_RECEIVED_EVENTS),
            sent: counter(names::BUFFER_SENT_EVENTS),
            unstored: counter(names::BUFFER_ERRORS),
            dropped: discarded(names::BUFFER_DISCARDED_EVENTS, "true"),
            damaged: discarded(names::BUFFER_DISCARDED_EVENTS, "false"),
            received_bytes: counter(names::BUFFER_RECEIVED_BYTES),
            sent_bytes: counter(names::BUFFER_SENT_BYTES),
            dropped_bytes: discarded(names::BUFFER_DISCARDED_BYTES, "true"),
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
        self.received_bytes.absolute(filled.received_bytes);
        self.sent_bytes.absolute(filled.sent_bytes);
        self.dropped_bytes.absolute(filled.discarded_bytes);
        filled
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("level", &self.level).finish_non_exhaustive()
    }
}
