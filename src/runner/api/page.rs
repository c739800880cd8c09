//! The metrics page, in Prometheus' text format.

use std::sync::OnceLock;

use metrics::{KeyName, SharedString};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::telemetry::{MetricKind, names};

/// A process has one recorder; whoever comes later uses the first one's.
static INSTALLED: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// What is counted in this process, as a page.
#[derive(Clone)]
pub(in crate::runner) struct MetricsPage(Option<PrometheusHandle>);

impl MetricsPage {
    /// Installs the recorder, unless the process has one: whoever embeds the runner and brings their own keeps it, and
    /// the page is empty. To be called before anything is built that counts.
    pub(in crate::runner) fn install() -> Self {
        Self(INSTALLED.get_or_init(install).clone())
    }

    /// The page as it is now.
    pub(super) fn render(&self) -> String {
        self.0.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Takes in what was observed since: without it observations pile up between two visits.
    pub(super) fn tidy(&self) {
        if let Some(handle) = &self.0 {
            handle.run_upkeep();
        }
    }
}

fn install() -> Option<PrometheusHandle> {
    let mut builder = PrometheusBuilder::new();
    for metric in names::ALL.iter().filter(|metric| metric.kind == MetricKind::Histogram) {
        let matcher = Matcher::Full(metric.name.to_owned());
        builder = builder
            .set_buckets_for_metric(matcher, metric.buckets)
            .expect("every histogram has buckets");
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("metrics are recorded by somebody else in this process: /metrics is empty");
        return None;
    }
    metrics::with_recorder(|recorder| {
        for metric in names::ALL {
            let (name, help) =
                (KeyName::from_const_str(metric.name), SharedString::const_str(metric.help));
            match metric.kind {
                MetricKind::Counter => recorder.describe_counter(name, None, help),
                MetricKind::Gauge => recorder.describe_gauge(name, None, help),
                MetricKind::Histogram => recorder.describe_histogram(name, None, help),
            }
        }
    });
    Some(handle)
}

impl std::fmt::Debug for MetricsPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("MetricsPage").field(&self.0.is_some()).finish()
    }
}
