//! What a metric is: its name, its kind, its labels and what it means.

/// How a metric's values are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows
    Counter,
    /// Is what it is now
    Gauge,
    /// Counts observations by their size
    Histogram,
}

/// One metric, as it is documented and as it is registered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name, the unit and `_total` included
    pub name: &'static str,
    /// How it is to be read
    pub kind: MetricKind,
    /// Its labels besides those of its component
    pub labels: &'static [&'static str],
    /// What it counts, in a clause
    pub help: &'static str,
    /// For a histogram: the upper bounds of its buckets
    pub buckets: &'static [f64],
}

impl MetricKind {
    /// The word used in documents and on the metrics page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Metric {
    pub(super) const fn counter(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind: MetricKind::Counter, labels, help, buckets: &[] }
    }

    pub(super) const fn gauge(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind: MetricKind::Gauge, labels, help, buckets: &[] }
    }

    pub(super) const fn histogram(
        name: &'static str,
        labels: &'static [&'static str],
        buckets: &'static [f64],
        help: &'static str,
    ) -> Self {
        Self { name, kind: MetricKind::Histogram, labels, help, buckets }
    }
}
