//! `schema.json` against the reader: it has every option and choice that is asked for, and no other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{general, known, lines};
use crate::config::SCHEMA;

/// All options below `schema` by path, with what may be chosen.
fn options(
    root: &Value,
    schema: &Value,
    path: &str,
    found: &mut BTreeMap<String, BTreeSet<String>>,
) {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        options(root, &root["$defs"][name], path, found);
    }
    for way in ["anyOf", "oneOf"].iter().filter_map(|name| schema[name].as_array()).flatten() {
        options(root, way, path, found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        // One class stands for all.
        let name = if path.ends_with(".classes") { "CLASS" } else { name };
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        found.entry(path.clone()).or_default();
        options(root, member, &path, found);
    }
    let choices = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const"));
    let choices = choices.filter_map(Value::as_str).map(str::to_owned);
    found.entry(path.to_owned()).or_default().extend(choices);
    if let Some(items) = schema.get("items") {
        options(root, items, &format!("{path}[]"), found);
    }
}

/// The same of the whole schema, with types in place of the names of components.
fn all() -> BTreeMap<String, BTreeSet<String>> {
    let root: Value = serde_json::from_str(SCHEMA).expect("it is JSON");
    let mut found = BTreeMap::new();
    options(&root, &root, "", &mut found);
    for name in ["stdin", "file", "http_server", "vector"] {
        options(&root, &root["$defs"][name], &format!("sources.{name}"), &mut found);
    }
    options(&root, &root["$defs"]["sink"], "sinks.courier", &mut found);
    found
}

#[test]
fn the_schema_has_every_option_and_choice_and_no_other() {
    let lines = lines();
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, choices) in known(&lines) {
        let choices = choices.into_iter().map(str::to_owned);
        read.entry(general(&path, &lines)).or_default().extend(choices);
    }
    let schema = all();
    for (path, choices) in &read {
        let known = schema.get(path).unwrap_or_else(|| panic!("the schema has no {path}"));
        // Of the types of sources, each has its own schema.
        let is_type = path.starts_with("sources.") && path.rsplit('.').next() == Some("type");
        let absent: Vec<_> = choices.difference(known).filter(|_| !is_type).collect();
        assert!(absent.is_empty(), "in the schema {path} may not be {absent:?}");
    }
    // What is not an option by itself: the tables of components, elements, and what mapping steps hold.
    let is_option = |path: &&String| !path.is_empty() && !path.ends_with("[]");
    let unknown = schema.keys().filter(is_option).filter(|it| !read.contains_key(*it));
    let unknown: Vec<_> = unknown.filter(|it| !is_around_options(it)).collect();
    assert!(unknown.is_empty(), "nobody reads {unknown:?}");
}

fn is_around_options(path: &str) -> bool {
    let names = ["sources.stdin", "sources.file", "sources.http_server", "sources.vector"];
    names.contains(&path) || path == "sinks.courier"
}
