//! Every metric there is. Names, labels and kinds are those of Vector's component specification where it has the metric;
//! ours begin with `courier_sink_`.
//!
//! Long because it is a list, which is best read in one piece.

use super::metric::Metric;

/// From what a local answer takes to Courier's slowest, which end at `timeout_secs`.
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Up to a day: what waits for a rate limit or an outage takes long.
const LONG_SECONDS: &[f64] =
    &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0];

const COUNTS: &[f64] = &[1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

const FLAGS: &[f64] = &[0.0, 1.0];

/// Events taken in, and records that turned out not to be events; of a source, records.
pub const RECEIVED_EVENTS: Metric = Metric::counter(
    "component_received_events_total",
    &[],
    "Events taken in, and records that turned out not to be events; of a source, records",
);

/// Bytes of their JSON.
pub const RECEIVED_EVENT_BYTES: Metric =
    Metric::counter("component_received_event_bytes_total", &[], "Bytes of their JSON");

/// Events that Courier has; of a source, records that were given to its sinks.
pub const SENT_EVENTS: Metric = Metric::counter(
    "component_sent_events_total",
    &[],
    "Events that Courier has; of a source, records that were given to its sinks",
);

/// Bytes of their JSON, as they were received.
pub const SENT_EVENT_BYTES: Metric = Metric::counter(
    "component_sent_event_bytes_total",
    &[],
    "Bytes of their JSON, as they were received",
);

/// Bytes of the bodies of requests that succeeded.
pub const SENT_BYTES: Metric = Metric::counter(
    "component_sent_bytes_total",
    &["endpoint", "protocol"],
    "Bytes of the bodies of requests that succeeded",
);

/// Errors that ended something; an attempt that is repeated is none.
pub const ERRORS: Metric = Metric::counter(
    "component_errors_total",
    &["error_type", "stage"],
    "Errors that ended something; an attempt that is repeated is none",
);

/// Events that will not be delivered: true for what is skipped as configured, false for what became a dead letter.
pub const DISCARDED_EVENTS: Metric = Metric::counter(
    "component_discarded_events_total",
    &["intentional"],
    "Events that will not be delivered: true for what is skipped as configured, false for what became a dead letter",
);

/// Share of the last seconds in which the sink had work inside, from 0 to 1.
pub const UTILIZATION: Metric = Metric::gauge(
    "utilization",
    &[],
    "Share of the last seconds in which the sink had work inside, from 0 to 1",
);

/// Events that entered the buffer; records, on disk.
pub const BUFFER_RECEIVED_EVENTS: Metric = Metric::counter(
    "buffer_received_events_total",
    &["buffer_id", "buffer_type", "stage"],
    "Events that entered the buffer; records, on disk",
);

/// Events that left it because they ended.
pub const BUFFER_SENT_EVENTS: Metric = Metric::counter(
    "buffer_sent_events_total",
    &["buffer_id", "buffer_type", "stage"],
    "Events that left it because they ended",
);

/// Bytes that entered the buffer: of events and the requests made of them, on disk of blocks of records.
pub const BUFFER_RECEIVED_BYTES: Metric = Metric::counter(
    "buffer_received_bytes_total",
    &["buffer_id", "buffer_type", "stage"],
    "Bytes that entered the buffer: of events and the requests made of them, on disk of blocks of records",
);

/// Bytes that left it; on disk, once a whole block of records is done.
pub const BUFFER_SENT_BYTES: Metric = Metric::counter(
    "buffer_sent_bytes_total",
    &["buffer_id", "buffer_type", "stage"],
    "Bytes that left it; on disk, once a whole block of records is done",
);

/// Records that a buffer on disk could not store, and that went back to their source.
pub const BUFFER_ERRORS: Metric = Metric::counter(
    "buffer_errors_total",
    &["buffer_id", "buffer_type", "stage"],
    "Records that a buffer on disk could not store, and that went back to their source",
);

/// Records that a buffer on disk did not keep: true where it was full and told to drop, false where they were damaged.
pub const BUFFER_DISCARDED_EVENTS: Metric = Metric::counter(
    "buffer_discarded_events_total",
    &["buffer_id", "buffer_type", "stage", "intentional"],
    "Records that a buffer on disk did not keep: true where it was full and told to drop, false where they were damaged",
);

/// Bytes that a buffer on disk did not keep because it was full and told to drop; of what was damaged they are not known.
pub const BUFFER_DISCARDED_BYTES: Metric = Metric::counter(
    "buffer_discarded_bytes_total",
    &["buffer_id", "buffer_type", "stage", "intentional"],
    "Bytes that a buffer on disk did not keep because it was full and told to drop; of what was damaged they are not known",
);

/// Events in the buffer; records, on disk.
pub const BUFFER_EVENTS: Metric = Metric::gauge(
    "buffer_size_events",
    &["buffer_id", "buffer_type", "stage"],
    "Events in the buffer; records, on disk",
);

/// Bytes in the buffer, or on disk.
pub const BUFFER_BYTES: Metric = Metric::gauge(
    "buffer_size_bytes",
    &["buffer_id", "buffer_type", "stage"],
    "Bytes in the buffer, or on disk",
);

/// The most events it may hold; only in memory is there such a limit.
pub const BUFFER_MAX_EVENTS: Metric = Metric::gauge(
    "buffer_max_size_events",
    &["buffer_id", "buffer_type", "stage"],
    "The most events it may hold; only in memory is there such a limit",
);

/// The most bytes it may hold.
pub const BUFFER_MAX_BYTES: Metric = Metric::gauge(
    "buffer_max_size_bytes",
    &["buffer_id", "buffer_type", "stage"],
    "The most bytes it may hold",
);

/// How long records took to be safe on disk, from when the buffer took them.
pub const BUFFER_SEND_DURATION: Metric = Metric::histogram(
    "buffer_send_duration_seconds",
    &["buffer_id", "buffer_type", "stage"],
    SECONDS,
    "How long records took to be safe on disk, from when the buffer took them",
);

/// Attempts sent.
pub const HTTP_REQUESTS: Metric =
    Metric::counter("http_client_requests_sent_total", &["method"], "Attempts sent");

/// Attempts that were answered.
pub const HTTP_RESPONSES: Metric =
    Metric::counter("http_client_responses_total", &["status"], "Attempts that were answered");

/// Attempts that were not answered.
pub const HTTP_ERRORS: Metric =
    Metric::counter("http_client_errors_total", &["error_kind"], "Attempts that were not answered");

/// How long attempts took, however they ended.
pub const HTTP_RTT: Metric = Metric::histogram(
    "http_client_rtt_seconds",
    &[],
    SECONDS,
    "How long attempts took, however they ended",
);

/// How long attempts took that were answered.
pub const HTTP_RESPONSE_RTT: Metric = Metric::histogram(
    "http_client_response_rtt_seconds",
    &[],
    SECONDS,
    "How long attempts took that were answered",
);

/// How long attempts took that were not answered.
pub const HTTP_ERROR_RTT: Metric = Metric::histogram(
    "http_client_error_rtt_seconds",
    &[],
    SECONDS,
    "How long attempts took that were not answered",
);

/// How many attempts might be under way at once, at the end of each; only where that is adaptive.
pub const CONCURRENCY_LIMIT: Metric = Metric::histogram(
    "adaptive_concurrency_limit",
    &[],
    COUNTS,
    "How many attempts might be under way at once, at the end of each; only where that is adaptive",
);

/// How many others were under way at the end of each attempt.
pub const CONCURRENCY_IN_FLIGHT: Metric = Metric::histogram(
    "adaptive_concurrency_in_flight",
    &[],
    COUNTS,
    "How many others were under way at the end of each attempt",
);

/// Round trips that the limit is found by: those of successes.
pub const CONCURRENCY_RTT: Metric = Metric::histogram(
    "adaptive_concurrency_observed_rtt",
    &[],
    SECONDS,
    "Round trips that the limit is found by: those of successes",
);

/// The mean of such round trips under the present limit, at the end of each attempt; only where that is adaptive.
pub const CONCURRENCY_AVERAGED_RTT: Metric = Metric::histogram(
    "adaptive_concurrency_averaged_rtt",
    &[],
    SECONDS,
    "The mean of such round trips under the present limit, at the end of each attempt; only where that is adaptive",
);

/// What is usual for the server, which that mean is compared with, at the end of each attempt; only where it is adaptive.
pub const CONCURRENCY_PAST_RTT: Metric = Metric::histogram(
    "adaptive_concurrency_past_rtt_mean",
    &[],
    SECONDS,
    "What is usual for the server, which that mean is compared with, at the end of each attempt; only where it is adaptive",
);

/// 1 for each attempt at whose end the present limit had been used up, else 0; only where it is adaptive.
pub const CONCURRENCY_REACHED_LIMIT: Metric = Metric::histogram(
    "adaptive_concurrency_reached_limit",
    &[],
    FLAGS,
    "1 for each attempt at whose end the present limit had been used up, else 0; only where it is adaptive",
);

/// 1 for each attempt whose end was a sign of too much load, else 0.
pub const CONCURRENCY_BACK_PRESSURE: Metric = Metric::histogram(
    "adaptive_concurrency_back_pressure",
    &[],
    FLAGS,
    "1 for each attempt whose end was a sign of too much load, else 0",
);

/// Events read, by type.
pub const EVENTS: Metric =
    Metric::counter("courier_sink_events_total", &["type"], "Events read, by type");

/// Events that nothing is sent for, by reason.
pub const SKIPPED: Metric = Metric::counter(
    "courier_sink_skipped_events_total",
    &["reason"],
    "Events that nothing is sent for, by reason",
);

/// Events that became dead letters, by reason.
pub const DEAD_LETTERS: Metric = Metric::counter(
    "courier_sink_dead_letters_total",
    &["reason"],
    "Events that became dead letters, by reason",
);

/// Events that went back to their source, which owes them.
pub const RETURNED: Metric = Metric::counter(
    "courier_sink_returned_events_total",
    &[],
    "Events that went back to their source, which owes them",
);

/// Attempts by endpoint.
pub const REQUESTS: Metric =
    Metric::counter("courier_sink_requests_total", &["endpoint"], "Attempts by endpoint");

/// Attempts that followed a failed one.
pub const RETRIES: Metric =
    Metric::counter("courier_sink_retries_total", &[], "Attempts that followed a failed one");

/// Attempts that failed, by kind.
pub const FAILED_ATTEMPTS: Metric = Metric::counter(
    "courier_sink_failed_attempts_total",
    &["kind"],
    "Attempts that failed, by kind",
);

/// Requests saved, because a neighbour's did their work as well.
pub const MERGED: Metric = Metric::counter(
    "courier_sink_merged_requests_saved_total",
    &[],
    "Requests saved, because a neighbour's did their work as well",
);

/// Inline automations that were not trusted.
pub const IGNORED_INLINE: Metric = Metric::counter(
    "courier_sink_ignored_inline_automations_total",
    &[],
    "Inline automations that were not trusted",
);

/// Requests that came to an end, all their attempts included.
pub const DELIVERIES: Metric = Metric::counter(
    "courier_sink_deliveries_total",
    &["class", "outcome"],
    "Requests that came to an end, all their attempts included",
);

/// From when the sink took an event in until Courier had it.
pub const DELIVERY_SECONDS: Metric = Metric::histogram(
    "courier_sink_event_delivery_seconds",
    &[],
    LONG_SECONDS,
    "From when the sink took an event in until Courier had it",
);

/// Attempts that a request took to its end.
pub const ATTEMPTS: Metric = Metric::histogram(
    "courier_sink_delivery_attempts",
    &[],
    COUNTS,
    "Attempts that a request took to its end",
);

/// How long attempts waited to be let go, those that did not wait left out, by what kept them longest.
pub const WAITS: Metric = Metric::histogram(
    "courier_sink_admission_wait_seconds",
    &["constraint"],
    LONG_SECONDS,
    "How long attempts waited to be let go, those that did not wait left out, by what kept them longest",
);

/// Pauses that Courier asked for.
pub const PAUSES: Metric =
    Metric::counter("courier_sink_pauses_total", &["class"], "Pauses that Courier asked for");

/// How long the class stays paused.
pub const PAUSED_SECONDS: Metric =
    Metric::gauge("courier_sink_paused_seconds", &["class"], "How long the class stays paused");

/// How often everything was held.
pub const HOLDS: Metric =
    Metric::counter("courier_sink_holds_total", &["reason"], "How often everything was held");

/// 1 while everything is held for this reason.
pub const HELD: Metric =
    Metric::gauge("courier_sink_held", &["reason"], "1 while everything is held for this reason");

/// 1 while Courier answers; 0 once several attempts in a row were not answered, or with a 5xx.
pub const HEALTHY: Metric = Metric::gauge(
    "courier_sink_healthy",
    &[],
    "1 while Courier answers; 0 once several attempts in a row were not answered, or with a 5xx",
);

/// 1 for what keeps the sink from going faster now.
pub const CONSTRAINT: Metric = Metric::gauge(
    "courier_sink_constraint",
    &["constraint"],
    "1 for what keeps the sink from going faster now",
);

/// How many attempts may be under way at once.
pub const LIMIT: Metric = Metric::gauge(
    "courier_sink_concurrency_limit",
    &[],
    "How many attempts may be under way at once",
);

/// How many attempts are under way.
pub const IN_FLIGHT: Metric =
    Metric::gauge("courier_sink_in_flight", &[], "How many attempts are under way");

/// Users and tenants that have work inside.
pub const LANES: Metric =
    Metric::gauge("courier_sink_lanes", &[], "Users and tenants that have work inside");

/// Users and tenants of whom an event waits for an earlier one.
pub const LANES_WAITING: Metric = Metric::gauge(
    "courier_sink_lanes_waiting",
    &[],
    "Users and tenants of whom an event waits for an earlier one",
);

/// How long the oldest event has been inside, or in the buffer on disk.
pub const OLDEST_AGE: Metric = Metric::gauge(
    "courier_sink_oldest_event_age_seconds",
    &[],
    "How long the oldest event has been inside, or in the buffer on disk",
);

/// Events that ended per second, over up to the last minute of work.
pub const PACE: Metric = Metric::gauge(
    "courier_sink_events_per_second",
    &[],
    "Events that ended per second, over up to the last minute of work",
);

/// All of them.
pub const ALL: &[Metric] = &[
    RECEIVED_EVENTS,
    RECEIVED_EVENT_BYTES,
    SENT_EVENTS,
    SENT_EVENT_BYTES,
    SENT_BYTES,
    ERRORS,
    DISCARDED_EVENTS,
    UTILIZATION,
    BUFFER_RECEIVED_EVENTS,
    BUFFER_SENT_EVENTS,
    BUFFER_DISCARDED_EVENTS,
    BUFFER_RECEIVED_BYTES,
    BUFFER_SENT_BYTES,
    BUFFER_DISCARDED_BYTES,
    BUFFER_ERRORS,
    BUFFER_EVENTS,
    BUFFER_BYTES,
    BUFFER_MAX_EVENTS,
    BUFFER_MAX_BYTES,
    BUFFER_SEND_DURATION,
    HTTP_REQUESTS,
    HTTP_RESPONSES,
    HTTP_ERRORS,
    HTTP_RTT,
    HTTP_RESPONSE_RTT,
    HTTP_ERROR_RTT,
    CONCURRENCY_LIMIT,
    CONCURRENCY_IN_FLIGHT,
    CONCURRENCY_RTT,
    CONCURRENCY_AVERAGED_RTT,
    CONCURRENCY_PAST_RTT,
    CONCURRENCY_REACHED_LIMIT,
    CONCURRENCY_BACK_PRESSURE,
    EVENTS,
    SKIPPED,
    DEAD_LETTERS,
    RETURNED,
    REQUESTS,
    RETRIES,
    FAILED_ATTEMPTS,
    MERGED,
    IGNORED_INLINE,
    DELIVERIES,
    DELIVERY_SECONDS,
    ATTEMPTS,
    WAITS,
    PAUSES,
    PAUSED_SECONDS,
    HOLDS,
    HELD,
    HEALTHY,
    CONSTRAINT,
    LIMIT,
    IN_FLIGHT,
    LANES,
    LANES_WAITING,
    OLDEST_AGE,
    PACE,
];
