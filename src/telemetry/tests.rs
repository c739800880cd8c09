//! What is documented, drawn and alerted of, against what there is.

use std::collections::BTreeSet;

use super::names::ALL;
use super::{Metric, MetricKind};

const DOCUMENT: &str = include_str!("../../docs/telemetry.md");
const DASHBOARD: &str = include_str!("../../config-examples/grafana/courier-sink.json");
const RULES: &str = include_str!("../../config-examples/prometheus/courier-sink.rules.yml");

#[test]
fn every_metric_is_documented_with_its_type_labels_and_meaning_and_no_other() {
    let row = |metric: &Metric| {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        format!("| `{}` | {} | {labels} | {} |", metric.name, metric.kind.as_str(), metric.help)
    };
    let table = DOCUMENT.split("| metric |").nth(1).expect("there is a table of metrics");
    let rows: BTreeSet<_> =
        table.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let expected: BTreeSet<_> = ALL.iter().map(row).collect();
    assert_eq!(rows, expected);
    assert_eq!(expected.len(), ALL.len(), "no name is there twice");
}

/// The words of `text` that look like names of metrics.
fn words(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let prefixes =
        ["component_", "courier_sink_", "buffer_", "http_client_", "adaptive_concurrency_"];
    let labels = ["component_id", "component_kind", "component_type", "buffer_id", "buffer_type"];
    words
        .filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
        .filter(|word| !labels.contains(word))
        .collect()
}

#[test]
fn the_dashboard_and_the_alerts_use_what_there_is() {
    let there_is: BTreeSet<String> = ALL
        .iter()
        .flat_map(|Metric { name, kind, .. }| match kind {
            MetricKind::Counter | MetricKind::Gauge => vec![(*name).to_owned()],
            MetricKind::Histogram => {
                ["bucket", "sum", "count"].map(|part| format!("{name}_{part}")).to_vec()
            }
        })
        .collect();
    for (what, text) in [("dashboard", DASHBOARD), ("rules", RULES)] {
        let used = words(text);
        let unknown: Vec<_> = used.iter().filter(|word| !there_is.contains(**word)).collect();
        assert!(unknown.is_empty(), "the {what} uses {unknown:?}");
        assert!(used.len() >= 8, "the {what} uses {used:?}");
    }
    serde_json::from_str::<serde_json::Value>(DASHBOARD).expect("the dashboard is JSON");
}
