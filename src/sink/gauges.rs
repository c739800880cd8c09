//! The gauges of a sink: what is as it is now.

use std::time::Duration;

use metrics::Gauge;

use super::inspect::Snapshot;
use super::settings::Buffer;
use crate::courier::Class;
use crate::delivery::HoldReason;
use crate::telemetry::{BufferType, Component, Constraint, Metric, bytes, names, number};

#[derive(Debug)]
pub(super) struct Gauges {
    events: Gauge,
    bytes: Gauge,
    lanes: Gauge,
    lanes_waiting: Gauge,
    oldest_age: Gauge,
    pace: Gauge,
    limit: Gauge,
    in_flight: Gauge,
    healthy: Gauge,
    utilization: Gauge,
    paused: [Gauge; Class::ALL.len()],
    held: [Gauge; HoldReason::ALL.len()],
    constraint: [Gauge; Constraint::ALL.len()],
}

impl Gauges {
    pub(super) fn new(component: &Component, limits: &Buffer) -> Self {
        let plain = |metric| component.gauge(metric, &[]);
        let buffer =
            |metric: Metric| component.gauge(metric, &component.buffer(BufferType::Memory));
        buffer(names::BUFFER_MAX_EVENTS).set(number(limits.max_events.get()));
        let max_size = u64::try_from(limits.max_size.get()).unwrap_or(u64::MAX);
        buffer(names::BUFFER_MAX_BYTES).set(bytes(max_size));
        let reasons = HoldReason::ALL.map(HoldReason::as_str);
        // There from the start, so that the first hold is an increase.
        drop(component.counters(names::HOLDS, "reason", reasons));
        Self {
            events: buffer(names::BUFFER_EVENTS),
            bytes: buffer(names::BUFFER_BYTES),
            lanes: plain(names::LANES),
            lanes_waiting: plain(names::LANES_WAITING),
            oldest_age: plain(names::OLDEST_AGE),
            pace: plain(names::PACE),
            limit: plain(names::LIMIT),
            in_flight: plain(names::IN_FLIGHT),
            healthy: plain(names::HEALTHY),
            utilization: plain(names::UTILIZATION),
            paused: component.gauges(names::PAUSED_SECONDS, "class", Class::ALL.map(Class::as_str)),
            held: component.gauges(names::HELD, "reason", reasons),
            constraint: component.gauges(
                names::CONSTRAINT,
                "constraint",
                Constraint::ALL.map(Constraint::as_str),
            ),
        }
    }

    /// Shows `now`.
    pub(super) fn set(&self, now: &Snapshot, utilization: f64) {
        self.events.set(number(now.events));
        self.bytes.set(bytes(u64::try_from(now.bytes).unwrap_or(u64::MAX)));
        self.lanes.set(number(now.lanes));
        self.lanes_waiting.set(number(now.lanes_waiting));
        self.oldest_age.set(now.oldest_age.unwrap_or_default());
        self.pace.set(now.pace.map_or(0.0, |pace| pace.ended));
        self.limit.set(number(now.gate.limit));
        self.in_flight.set(number(now.gate.in_flight));
        self.healthy.set(flag(now.gate.is_well()));
        self.utilization.set(utilization);
        for (gauge, paused) in self.paused.iter().zip(now.gate.paused) {
            gauge.set(paused.unwrap_or(Duration::ZERO));
        }
        for (gauge, reason) in self.held.iter().zip(HoldReason::ALL) {
            gauge.set(flag(now.gate.held == Some(reason)));
        }
        for (gauge, constraint) in self.constraint.iter().zip(Constraint::ALL) {
            gauge.set(flag(now.constraint == constraint));
        }
    }
}

const fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}
