//! The dashboard and the alert rules against the metrics page of a run: each series they ask for is there.

#![allow(clippy::unwrap_used, reason = "a failed step of a test's set-up is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use crate::admin::{get, start};
use crate::process::write;

const DASHBOARD: &str = include_str!("../../config-examples/grafana/courier-sink.json");
const RULES: &str = include_str!("../../config-examples/prometheus/courier-sink.rules.yml");

/// What a series is called, and its labels.
type Series = (String, BTreeMap<String, String>);

/// Labels that Prometheus adds.
const OF_PROMETHEUS: [&str; 2] = ["job", "instance"];

/// The labels between braces.
fn labels(text: &str) -> Vec<(String, String)> {
    let text = text.strip_suffix('"').unwrap_or(text);
    let parts = text.split("\",").filter(|part| !part.is_empty());
    let label = |part: &str| {
        let (name, value) = part.split_once('"').unwrap();
        (name.trim().to_owned(), value.to_owned())
    };
    parts.map(label).collect()
}

fn series(page: &str) -> Vec<Series> {
    let lines = page.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let series = lines.map(|line| {
        let (name, rest) = line.split_once('{').unwrap();
        let own = labels(rest.rsplit_once('}').unwrap().0);
        let own = own.into_iter().map(|(name, value)| (name.replace('=', ""), value));
        (name.to_owned(), own.collect())
    });
    series.collect()
}

/// Everything that is asked for in an expression: names, each with its matchers.
fn selectors(expression: &str) -> Vec<(&str, Vec<(String, String)>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find(is_name) {
        let (_, start) = rest.split_at(at);
        let end = start.find(|c| !is_name(c)).unwrap_or(start.len());
        let (word, behind) = start.split_at(end);
        rest = behind;
        let matchers = behind.strip_prefix('{').and_then(|it| it.split_once('}'));
        if let Some((matchers, behind)) = matchers {
            found.push((word, labels(matchers)));
            rest = behind;
        } else if word.contains('_') && !word.starts_with("histogram_") && !word.starts_with("__")
            || word == "utilization"
        {
            found.push((word, Vec::new()));
        }
    }
    found
}

/// The parts of an expression that name labels, and the rest of it.
fn without_groups(expression: &str) -> (BTreeSet<String>, String) {
    let (mut grouped, mut text) = (BTreeSet::new(), expression.to_owned());
    for word in ["by (", "on (", "ignoring ("] {
        while let Some((before, behind)) = text.split_once(word) {
            let (names, after) = behind.split_once(')').unwrap();
            grouped.extend(names.split(',').map(|name| name.trim().to_owned()));
            text = format!("{before}{after}");
        }
    }
    (grouped, text)
}

fn check(expression: &str, there_are: &[Series]) {
    let (grouped, rest) = without_groups(expression);
    let mut known: BTreeSet<&str> = OF_PROMETHEUS.into();
    let selectors = selectors(&rest);
    assert!(!selectors.is_empty(), "{expression} asks for nothing");
    for (name, matchers) in selectors {
        let named: Vec<_> = there_are.iter().filter(|(other, _)| other == name).collect();
        known.extend(named.iter().flat_map(|(_, own)| own.keys().map(String::as_str)));
        let is_so = |own: &BTreeMap<String, String>, (label, value): &(String, String)| {
            let label = label.trim_end_matches(['=', '~', '!']);
            let is_chosen = value.starts_with('$');
            own.get(label).is_some_and(|it| is_chosen || value.split('|').any(|one| one == it))
        };
        let found = named.iter().any(|(_, own)| matchers.iter().all(|matcher| is_so(own, matcher)));
        assert!(found, "no series is {name} with {matchers:?}, of: {expression}");
        // Each of several values must be there, and not just one.
        for value in matchers.iter().flat_map(|(_, values)| values.split('|')) {
            let values = named.iter().flat_map(|(_, own)| own.values());
            let is_there = value.starts_with('$') || values.into_iter().any(|it| it == value);
            assert!(is_there, "no {name} is {value}, of: {expression}");
        }
    }
    for label in grouped {
        assert!(known.contains(label.as_str()), "nothing has the label {label}, of: {expression}");
    }
}

/// The strings of a member of that name, wherever it is.
fn texts<'a>(value: &'a serde_json::Value, name: &str, found: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::Object(members) => {
            found.extend(members.get(name).and_then(serde_json::Value::as_str));
            for value in members.values() {
                texts(value, name, found);
            }
        }
        serde_json::Value::Array(elements) => {
            for value in elements {
                texts(value, name, found);
            }
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

/// The expressions of the rules: what stands behind `expr:`, or below it.
fn rules() -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = RULES.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(text) = line.trim().strip_prefix("expr:") else { continue };
        let mut text = text.trim().trim_start_matches(">-").to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with("          ")) {
            text = format!("{text} {}", more.trim());
        }
        found.push(text);
    }
    found
}

#[test]
fn every_series_of_the_dashboard_and_the_rules_is_on_the_page_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let text = "data_dir = \"data\"\nshutdown_timeout_secs = 0.2\n[api]\naddress = \"127.0.0.1:0\"\n\
                [emulator]\naddress = \"127.0.0.1:0\"\napi_key = \"right\"\n[emulator.faults]\nseed = 1\n\
                reset_before_commit.probability = 0.3\n[sources.in]\ntype = \"stdin\"\n\
                [sinks.courier]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"right\"\n\
                batch.timeout_secs = 0.05\nrequest.retry_initial_backoff_secs = 0.01\n\
                buffer = { type = \"disk\", max_size = 16777216 }\n";
    let config = write(folder.path(), "config.toml", text);
    let (mut running, address) = start(folder.path(), config.to_str().unwrap());
    let stdin = running.stdin.as_mut().unwrap();
    for at in 0..100 {
        writeln!(stdin, "{{\"type\":\"identify\",\"userId\":\"u{at}\",\"messageId\":\"{at}\"}}")
            .unwrap();
    }
    stdin.flush().unwrap();
    let page = loop {
        let (_, page) = get(&address, "/metrics");
        // Both are told only once they have happened.
        let happened = ["http_client_errors_total{", "http_client_responses_total{"];
        if happened.iter().all(|name| page.contains(name)) {
            break page;
        }
    };
    let there_are = series(&page);
    let dashboard = serde_json::from_str(DASHBOARD).unwrap();
    let (mut expressions, mut variables) = (Vec::new(), Vec::new());
    texts(&dashboard, "expr", &mut expressions);
    texts(&dashboard, "definition", &mut variables);
    let rules = rules();
    assert!(expressions.len() > 20 && variables.len() == 1 && rules.len() > 8);
    for expression in expressions {
        assert!(expression.contains("component_kind=\"sink\""), "{expression}");
        check(expression, &there_are);
    }
    for variable in variables {
        let query = variable.strip_prefix("label_values(").unwrap().rsplit_once(',').unwrap().0;
        check(query, &there_are);
    }
    for rule in &rules {
        check(rule, &there_are);
    }
}
