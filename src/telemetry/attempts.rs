//! The handles for attempts: what Vector's HTTP client and its concurrency controller tell, and what each waited for.

use std::time::Duration;

use metrics::{Counter, Histogram};

use super::component::Component;
use super::family::Family;
use super::{Constraint, names, number};
use crate::courier::{Class, Method};

/// The methods, in the order of their counters.
const METHODS: [Method; 3] = [Method::Get, Method::Post, Method::Put];

/// How a delivery may end, in the order of their counters.
const OUTCOMES: [DeliveryEnd; 4] =
    [DeliveryEnd::Delivered, DeliveryEnd::Rejected, DeliveryEnd::Errored, DeliveryEnd::Cancelled];

/// Counted for each attempt.
#[derive(Debug)]
pub(super) struct Attempts {
    sent: [Counter; METHODS.len()],
    responses: Family<u16>,
    errors: Family<&'static str>,
    failed: Family<&'static str>,
    rtt: Histogram,
    response_rtt: Histogram,
    error_rtt: Histogram,
    sent_bytes: Counter,
    waits: [Histogram; Constraint::ALL.len()],
    took: Histogram,
    deliveries: [[Counter; OUTCOMES.len()]; Class::ALL.len()],
    limit: Histogram,
    in_flight: Histogram,
    observed_rtt: Histogram,
    averaged_rtt: Histogram,
    past_rtt_mean: Histogram,
    reached_limit: Histogram,
    back_pressure: Histogram,
}

impl Attempts {
    pub(super) fn new(component: &Component) -> Self {
        let plain = |metric| component.histogram(metric, &[]);
        Self {
            sent: component.counters(names::HTTP_REQUESTS, "method", METHODS.map(Method::as_str)),
            responses: Family::new(component, names::HTTP_RESPONSES),
            errors: Family::new(component, names::HTTP_ERRORS),
            failed: Family::new(component, names::FAILED_ATTEMPTS),
            rtt: plain(names::HTTP_RTT),
            response_rtt: plain(names::HTTP_RESPONSE_RTT),
            error_rtt: plain(names::HTTP_ERROR_RTT),
            sent_bytes: component.counter(names::SENT_BYTES, &component.destination()),
            waits: Constraint::ALL.map(|constraint| {
                let label = [("constraint", constraint.as_str().to_owned())];
                component.histogram(names::WAITS, &label)
            }),
            took: plain(names::ATTEMPTS),
            deliveries: Class::ALL.map(|class| {
                OUTCOMES.map(|outcome| {
                    let labels = [
                        ("class", class.as_str().to_owned()),
                        ("outcome", outcome.as_str().to_owned()),
                    ];
                    component.counter(names::DELIVERIES, &labels)
                })
            }),
            limit: plain(names::CONCURRENCY_LIMIT),
            in_flight: plain(names::CONCURRENCY_IN_FLIGHT),
            observed_rtt: plain(names::CONCURRENCY_RTT),
            averaged_rtt: plain(names::CONCURRENCY_AVERAGED_RTT),
            past_rtt_mean: plain(names::CONCURRENCY_PAST_RTT),
            reached_limit: plain(names::CONCURRENCY_REACHED_LIMIT),
            back_pressure: plain(names::CONCURRENCY_BACK_PRESSURE),
        }
    }
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptEnd {
    /// The status code, where it was answered
    pub(crate) status: Option<u16>,
    /// The kind of failure, where it failed
    pub(crate) failed: Option<&'static str>,
    /// How long it took
    pub(crate) rtt: Duration,
}

/// What the gate knows at the end of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// How many may be under way at once, where that is adaptive, and by what it is found
    pub(crate) limit: Option<(usize, Found)>,
    /// How many others are
    pub(crate) in_flight: u32,
    /// The round trip, where it says something about the server
    pub(crate) rtt: Option<Duration>,
    /// Whether its end was a sign of too much load
    pub(crate) is_back_pressure: bool,
}

/// What an adaptive limit is found by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// The mean round trip under the present limit in seconds, if there was one
    pub(crate) mean: Option<f64>,
    /// What it is compared with
    pub(crate) usual: Option<f64>,
    /// Whether the limit has been used up
    pub(crate) reached_limit: bool,
}

/// How a request and all its attempts ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryEnd {
    Delivered,
    Rejected,
    Errored,
    Cancelled,
}

impl DeliveryEnd {
    /// The value of the label `outcome`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Errored => "errored",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Attempts {
    pub(super) fn begun(&self, method: Method) {
        let index = METHODS.iter().position(|known| *known == method);
        if let Some(counter) = index.and_then(|index| self.sent.get(index)) {
            counter.increment(1);
        }
    }

    pub(super) fn ended(&self, AttemptEnd { status, failed, rtt }: AttemptEnd) {
        self.rtt.record(rtt);
        match (status, failed) {
            (Some(status), _) => {
                self.response_rtt.record(rtt);
                self.responses.count(status, |status| vec![("status", status.to_string())]);
            }
            (None, Some(kind)) => {
                self.error_rtt.record(rtt);
                self.errors.count(kind, |kind| vec![("error_kind", kind.to_owned())]);
            }
            (None, None) => {}
        }
        if let Some(kind) = failed {
            self.failed.count(kind, |kind| vec![("kind", kind.to_owned())]);
        }
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.sent_bytes.increment(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    pub(super) fn load(&self, Load { limit, in_flight, rtt, is_back_pressure }: Load) {
        let flag = |is_set| if is_set { 1.0 } else { 0.0 };
        if let Some((limit, found)) = limit {
            self.limit.record(number(limit));
            for (histogram, seconds) in
                [(&self.averaged_rtt, found.mean), (&self.past_rtt_mean, found.usual)]
            {
                if let Some(seconds) = seconds {
                    histogram.record(seconds);
                }
            }
            self.reached_limit.record(flag(found.reached_limit));
        }
        self.in_flight.record(number(in_flight));
        if let Some(rtt) = rtt {
            self.observed_rtt.record(rtt);
        }
        self.back_pressure.record(flag(is_back_pressure));
    }

    pub(super) fn waited(&self, constraint: Constraint, time: Duration) {
        if let Some(waits) = self.waits.get(constraint.index()) {
            waits.record(time);
        }
    }

    pub(super) fn took(&self, attempts: u32) {
        self.took.record(number(attempts));
    }

    pub(super) fn delivery(&self, class: Class, end: DeliveryEnd) {
        let index = OUTCOMES.iter().position(|known| *known == end);
        let counters = self.deliveries.get(class.index());
        if let Some(counter) = counters.zip(index).and_then(|(counters, at)| counters.get(at)) {
            counter.increment(1);
        }
    }
}
