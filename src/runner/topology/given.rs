//! What a source has given to its sinks, as metrics of its own component.

use metrics::Counter;

use crate::sink::{Payload, Record};
use crate::telemetry::{Component, names};

/// Counted for each record: it was received, and is sent on as it is.
pub(super) struct Given {
    records: [Counter; 2],
    bytes: [Counter; 2],
}

impl Given {
    pub(super) fn new(component: &Component) -> Self {
        let counter = |metric| component.counter(metric, &[]);
        Self {
            records: [names::RECEIVED_EVENTS, names::SENT_EVENTS].map(counter),
            bytes: [names::RECEIVED_EVENT_BYTES, names::SENT_EVENT_BYTES].map(counter),
        }
    }

    /// A record is given to the sinks.
    pub(super) fn count(&self, record: &Record) {
        let (Payload::Bytes(bytes) | Payload::Unreadable { bytes, .. }) = &record.payload;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.records.iter().for_each(|count| count.increment(1));
        self.bytes.iter().for_each(|count| count.increment(length));
    }
}
