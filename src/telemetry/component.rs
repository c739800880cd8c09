//! Whose metrics they are, and how handles are made: once, so that counting costs next to nothing.
//!
//! Security: every label value is one of a few that are fixed when a sink is built, or a status code. None is an id.

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata};

use super::metric::Metric;
use super::{ErrorType, Stage, names};

/// Which of its buffers metrics of a component are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferType {
    /// The one records go through first, where there is one
    Disk,
    /// The window behind it
    Memory,
}

/// What is said of all metrics.
const METADATA: Metadata<'static> = Metadata::new("courier_sink", Level::INFO, None);

/// The component that metrics are labelled with, or none: then nothing is counted.
///
/// Handles belong to the recorder that is installed when the sink is built: install yours before.
#[derive(Clone, Debug, Default)]
pub struct Component {
    labels: Option<Vec<Label>>,
    endpoint: String,
    protocol: &'static str,
}

impl Component {
    /// The sink that is configured as `id`, which sends to `endpoint`: a URL without credentials.
    pub fn sink(id: &str, endpoint: &str) -> Self {
        let protocol = if endpoint.starts_with("https:") { "https" } else { "http" };
        let labels = vec![
            Label::new("component_id", id.to_owned()),
            Label::new("component_kind", "sink"),
            Label::new("component_type", "courier"),
        ];
        Self { labels: Some(labels), endpoint: endpoint.to_owned(), protocol }
    }

    /// The source that is configured as `id`, of the type `kind`.
    pub fn source(id: &str, kind: &'static str) -> Self {
        let labels = vec![
            Label::new("component_id", id.to_owned()),
            Label::new("component_kind", "source"),
            Label::new("component_type", kind),
        ];
        Self { labels: Some(labels), ..Self::default() }
    }

    /// What it is configured as, if it is counted.
    pub(super) fn id(&self) -> Option<&str> {
        self.labels.as_ref()?.first().map(Label::value)
    }

    /// Whether anything is counted for it.
    pub(super) const fn is_counted(&self) -> bool {
        self.labels.is_some()
    }

    /// The values of the labels `endpoint` and `protocol`.
    pub(crate) fn destination(&self) -> [(&'static str, String); 2] {
        [("endpoint", self.endpoint.clone()), ("protocol", self.protocol.to_owned())]
    }

    /// The values of the labels `buffer_id`, `buffer_type` and `stage`.
    pub fn buffer(&self, buffer: BufferType) -> [(&'static str, String); 3] {
        let (name, stage) = match buffer {
            BufferType::Disk => ("disk", "0"),
            BufferType::Memory => ("memory", "1"),
        };
        [
            ("buffer_id", self.id().unwrap_or_default().to_owned()),
            ("buffer_type", name.to_owned()),
            ("stage", stage.to_owned()),
        ]
    }

    /// A handle that counts `metric` for this component.
    pub fn counter(&self, metric: Metric, labels: &[(&'static str, String)]) -> Counter {
        self.key(metric, labels).map_or_else(Counter::noop, |key| {
            metrics::with_recorder(|recorder| recorder.register_counter(&key, &METADATA))
        })
    }

    /// A handle that sets `metric` for this component.
    pub fn gauge(&self, metric: Metric, labels: &[(&'static str, String)]) -> Gauge {
        self.key(metric, labels).map_or_else(Gauge::noop, |key| {
            metrics::with_recorder(|recorder| recorder.register_gauge(&key, &METADATA))
        })
    }

    /// A handle that observes `metric` for this component.
    pub fn histogram(&self, metric: Metric, labels: &[(&'static str, String)]) -> Histogram {
        self.key(metric, labels).map_or_else(Histogram::noop, |key| {
            metrics::with_recorder(|recorder| recorder.register_histogram(&key, &METADATA))
        })
    }

    /// Counts errors of a kind that happen there.
    pub(super) fn errors(&self, kind: ErrorType, stage: Stage) -> Counter {
        let labels =
            [("error_type", kind.as_str().to_owned()), ("stage", stage.as_str().to_owned())];
        self.counter(names::ERRORS, &labels)
    }

    /// A counter for each of `values` of one label.
    pub(crate) fn counters<const N: usize>(
        &self,
        metric: Metric,
        label: &'static str,
        values: [&'static str; N],
    ) -> [Counter; N] {
        values.map(|value| self.counter(metric, &[(label, value.to_owned())]))
    }

    /// A gauge for each of `values` of one label.
    pub(crate) fn gauges<const N: usize>(
        &self,
        metric: Metric,
        label: &'static str,
        values: [&'static str; N],
    ) -> [Gauge; N] {
        values.map(|value| self.gauge(metric, &[(label, value.to_owned())]))
    }

    fn key(&self, metric: Metric, labels: &[(&'static str, String)]) -> Option<Key> {
        debug_assert!(
            labels.iter().map(|(label, _)| label).eq(metric.labels),
            "{} has other labels",
            metric.name
        );
        let own = labels.iter().map(|(label, value)| Label::new(*label, value.clone()));
        let labels: Vec<_> = self.labels.as_ref()?.iter().cloned().chain(own).collect();
        Some(Key::from_parts(metric.name, labels))
    }
}

/// What a gauge is set to for a count of things.
pub(crate) fn number(count: impl TryInto<u32>) -> f64 {
    f64::from(count.try_into().unwrap_or(u32::MAX))
}

/// The same for bytes, of which there may be more.
pub(crate) fn bytes(count: u64) -> f64 {
    const WORD: f64 = 4_294_967_296.0;
    number(count >> 32) * WORD + number(count & u64::from(u32::MAX))
}
