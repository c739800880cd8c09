//! Spans of single events and of the attempts at their requests, for whoever subscribes to [`TARGET`].
//!
//! They are made through the `tracing` facade, at TRACE, and only where somebody wants them. Nobody enters one, so lines
//! of logs never stand in them. They hold kinds, counts and times: no id, no name of an event, no payload, no secret.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Level, Span};

use super::{Component, Constraint, Rejection, SkipReason};
use crate::courier::Endpoint;
use crate::finalization::{EventFinalizer, EventStatus};

/// The target of all of them, which nothing else has: a subscriber that wants traces takes this one at TRACE, and one that
/// writes logs leaves it out.
pub const TARGET: &str = "courier_sink::traces";

/// Security: the most links from an attempt to events, whatever rides on it. OpenTelemetry's own limit.
const MAX_LINKS: usize = 128;

/// How long an attempt was waited for, by what.
pub(crate) type Times = [Duration; Constraint::ALL.len()];

/// One event, from when the sink took it until its end was told.
#[derive(Debug)]
pub(crate) struct EventSpan {
    span: Span,
    /// What its end is blamed on: what is noted first
    error: OnceLock<&'static str>,
    released: OnceLock<Instant>,
}

/// One attempt, from when it was admitted until it ended or was given up.
#[derive(Debug)]
pub(crate) struct AttemptSpan(Span);

impl EventSpan {
    /// The span of an event that came in; `None` where nobody wants it, which is all that costs.
    pub(crate) fn begin(component: &Component) -> Option<Arc<Self>> {
        let span = tracing::span!(
            target: TARGET,
            parent: None,
            Level::TRACE,
            "deliver",
            "otel.kind" = "consumer",
            "otel.status_code" = Empty,
            "messaging.operation.name" = "deliver",
            "messaging.operation.type" = "process",
            "error.type" = Empty,
            "courier_sink.sink" = component.id(),
            "courier_sink.event.type" = Empty,
            "courier_sink.status" = Empty,
            "courier_sink.reason" = Empty,
        );
        if span.is_disabled() {
            return None;
        }
        Some(Arc::new(Self { span, error: OnceLock::new(), released: OnceLock::new() }))
    }

    /// Whoever finalizes the event ends its span as well; so does dropping the finalizer.
    pub(crate) fn watch(self: &Arc<Self>, finalizer: EventFinalizer) -> EventFinalizer {
        let own = Arc::clone(self);
        finalizer.ending_by(move |finalizer, status| {
            own.end(status);
            drop(own);
            finalizer.finalize(status);
        })
    }

    /// It turned out to be of this type.
    pub(crate) fn is(&self, event_type: &'static str) {
        self.span.record("courier_sink.event.type", event_type);
    }

    /// It left the open batch.
    pub(crate) fn release(&self) {
        // One that is planned anew has left it already.
        let _ = self.released.set(Instant::now());
    }

    /// When it left the open batch, if it has.
    pub(crate) fn released(&self) -> Option<Instant> {
        self.released.get().copied()
    }

    /// Nothing is to be done, or was.
    pub(crate) fn skipped(&self, reason: SkipReason) {
        self.span.record("courier_sink.reason", reason.as_str());
    }

    /// A request of it failed for good.
    pub(crate) fn failed(&self, kind: &'static str) {
        // Of several, the first.
        let _ = self.error.set(kind);
    }

    /// It becomes a dead letter.
    pub(crate) fn rejected(&self, reason: Rejection) {
        self.span.record("courier_sink.reason", reason.as_str());
        self.failed(reason.as_str());
    }

    fn end(&self, status: EventStatus) {
        let status = match status {
            EventStatus::Delivered => "delivered",
            EventStatus::Rejected => "rejected",
            EventStatus::Errored => "errored",
        };
        self.span.record("courier_sink.status", status);
        if status != "delivered" {
            self.span.record("otel.status_code", "error");
            self.span.record("error.type", self.error.get().copied().unwrap_or(status));
        }
    }
}

impl AttemptSpan {
    /// Of the attempt with this number, from 1, at a request that does the work of `events`: a child of the first's span, and
    /// linked to those of the others. `times` is what it was waited for, `other` what nothing is known of.
    pub(crate) fn begin(
        events: &[Arc<EventSpan>],
        endpoint: Endpoint,
        number: u32,
        times: &Times,
        other: Duration,
    ) -> Option<Self> {
        let (first, others) = events.split_first()?;
        let (method, path) = endpoint.as_str().split_once(' ').unwrap_or_default();
        let span = tracing::span!(
            target: TARGET,
            parent: &first.span,
            Level::TRACE,
            "attempt",
            "otel.name" = endpoint.as_str(),
            "otel.kind" = "client",
            "otel.status_code" = Empty,
            "http.request.method" = method,
            "url.template" = path,
            "http.response.status_code" = Empty,
            "error.type" = Empty,
            "messaging.batch.message_count" = count(events.len()),
            "courier_sink.class" = endpoint.class().as_str(),
            "courier_sink.attempt" = i64::from(number),
            "courier_sink.waited_for" = Empty,
            "courier_sink.wait.hold_ms" = Empty,
            "courier_sink.wait.pause_ms" = Empty,
            "courier_sink.wait.rate_ms" = Empty,
            "courier_sink.wait.concurrency_ms" = Empty,
            "courier_sink.wait.retry_ms" = Empty,
            "courier_sink.wait.order_ms" = Empty,
            "courier_sink.wait.batch_ms" = Empty,
            "courier_sink.wait.turn_ms" = Empty,
        );
        for other in others.iter().take(MAX_LINKS) {
            span.follows_from(&other.span);
        }
        let known = Constraint::ALL.into_iter().zip(times);
        let waits = known.filter_map(|(constraint, time)| Some((name(constraint)?, *time)));
        let waits = waits.chain([("courier_sink.wait.turn_ms", other)]);
        let mut longest = Duration::ZERO;
        let mut waited_for = None;
        for (name, time) in waits.filter(|(_, time)| time.as_millis() > 0) {
            span.record(name, i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
            if time > longest {
                (longest, waited_for) = (time, Some(name));
            }
        }
        let plain = |name: &'static str| {
            name.trim_start_matches("courier_sink.wait.").trim_end_matches("_ms")
        };
        if let Some(name) = waited_for {
            span.record("courier_sink.waited_for", plain(name));
        }
        Some(Self(span))
    }

    /// It ended: answered with `status`, if it was, and `failed` in this way, if it did.
    pub(crate) fn end(&self, status: Option<u16>, failed: Option<&'static str>) {
        let Self(span) = self;
        if let Some(status) = status {
            span.record("http.response.status_code", i64::from(status));
        }
        if let Some(kind) = failed {
            span.record("error.type", kind);
            span.record("otel.status_code", "error");
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The attribute for what an attempt may wait for.
const fn name(constraint: Constraint) -> Option<&'static str> {
    match constraint {
        Constraint::Hold => Some("courier_sink.wait.hold_ms"),
        Constraint::Pause => Some("courier_sink.wait.pause_ms"),
        Constraint::Rate => Some("courier_sink.wait.rate_ms"),
        Constraint::Concurrency => Some("courier_sink.wait.concurrency_ms"),
        Constraint::Retry => Some("courier_sink.wait.retry_ms"),
        Constraint::Order => Some("courier_sink.wait.order_ms"),
        Constraint::Batch => Some("courier_sink.wait.batch_ms"),
        // What has come in waits for neither.
        Constraint::Buffer | Constraint::Source => None,
    }
}
