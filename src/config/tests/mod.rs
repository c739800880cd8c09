//! `config-examples/production.toml` against the reader: it names every option and every choice, what it calls a default
//! is one, and each line that is not set could be.

// It has the emulator's block, which a build without it refuses.
#![cfg(feature = "emulator")]

use std::collections::{BTreeMap, BTreeSet};

use toml_span::value::ValueInner;

use super::document;
use super::reader::Reader;

mod schema;

const TEXT: &str = include_str!("../../../config-examples/production.toml");

/// A line that is not prose.
#[derive(Debug)]
struct Line {
    /// From 0
    at: usize,
    /// Without its `#`, if it is not set
    toml: &'static str,
    is_set: bool,
    /// What is said behind it
    mark: &'static str,
    /// The header above it, or itself
    header: usize,
}

/// What was read, as `Debug` tells it, or what is wrong; and what the reader asked for.
struct Reading {
    result: Result<String, String>,
    known: BTreeMap<String, BTreeSet<&'static str>>,
}

fn lines() -> Vec<Line> {
    let mut header = usize::MAX;
    let mut lines = Vec::new();
    for (at, text) in TEXT.lines().enumerate() {
        let (text, is_set) = text.strip_prefix('#').map_or((text, true), |text| (text, false));
        if text.is_empty() || !is_set && text.starts_with(' ') {
            continue;
        }
        let (toml, mark) = text.split_once("  # ").unwrap_or((text, ""));
        if toml.starts_with('[') {
            header = at;
        }
        lines.push(Line { at, toml, is_set, mark, header });
    }
    lines
}

impl Line {
    fn is_header(&self) -> bool {
        self.at == self.header
    }

    fn is_example(&self) -> bool {
        self.mark.starts_with("e.g.")
    }

    fn other(&self, word: &str) -> Option<&'static str> {
        self.mark.split_once(word).map(|(_, name)| name)
    }

    fn name(&self) -> &'static str {
        self.toml.split_once(" = ").map_or(self.toml, |(name, _)| name)
    }

    /// The paths that are written here: of a header, or of an option and what is in it.
    fn paths(&self, lines: &[Line]) -> Vec<String> {
        let header = lines.iter().find(|line| line.at == self.header);
        let header = header.map_or("", |header| header.toml);
        let table = header.trim_start_matches('[').trim_end_matches(']');
        let table = if header.starts_with("[[") { format!("{table}[]") } else { table.to_owned() };
        let mut paths = vec![table.clone()];
        if !self.is_header() {
            let mut value = toml_span::parse(self.toml).unwrap();
            written(&table, value.take(), &mut paths);
        }
        paths
    }
}

fn written(path: &str, value: ValueInner<'_>, paths: &mut Vec<String>) {
    paths.push(path.to_owned());
    match value {
        ValueInner::Table(members) => {
            for (key, mut value) in members {
                let separator = if path.is_empty() { "" } else { "." };
                written(&format!("{path}{separator}{}", key.name), value.take(), paths);
            }
        }
        ValueInner::Array(values) => {
            for mut value in values {
                written(&format!("{path}[]"), value.take(), paths);
            }
        }
        ValueInner::String(_)
        | ValueInner::Integer(_)
        | ValueInner::Float(_)
        | ValueInner::Boolean(_) => {}
    }
}

/// Reads the file with the lines in `set` set and no others; those that are not keep their place.
fn read(lines: &[Line], set: &BTreeSet<usize>) -> Reading {
    let mut text = vec![""; TEXT.lines().count()];
    for line in lines.iter().filter(|line| set.contains(&line.at)) {
        text[line.at] = line.toml;
    }
    let text = text.join("\n");
    let environment = |name: &str| (name == "COURIER_API_KEY").then(|| "pk_test".to_owned());
    let reader = Reader::new(&text, &environment);
    let result = match reader.read(|top| Some(document::read(top))) {
        // Whether it is written matters beside an emulator only.
        Ok(config) => Ok(format!("{config:?}").replace("_written: true", "_written: false")),
        Err(mistakes) => Err(format!("{mistakes:?}")),
    };
    Reading { result, known: reader.known.into_inner() }
}

/// What is set where `line` could be: all that is, its block, and what it has to stand beside.
fn around(lines: &[Line], line: &Line) -> BTreeSet<usize> {
    let mut set: BTreeSet<usize> =
        lines.iter().filter(|it| it.is_set).map(|line| line.at).collect();
    let block = || lines.iter().filter(|it| it.header == line.header);
    let header = block().next().filter(|it| it.is_header());
    if header.is_some_and(|header| !header.is_set) {
        set.extend(block().filter(|it| it.other("in place of ").is_none()).map(|it| it.at));
    }
    for name in [Some(line), header].into_iter().flatten().filter_map(|it| it.other("with ")) {
        let other = block().find(|it| it.name() == name);
        let other = other.or_else(|| lines.iter().rfind(|it| it.name() == name && it.at < line.at));
        set.insert(other.unwrap_or_else(|| panic!("there is no {name} for {line:?}")).at);
    }
    if let Some(name) = line.other("in place of ") {
        let other = block().find(|it| it.name() == name);
        set.remove(&other.unwrap_or_else(|| panic!("there is no {name} for {line:?}")).at);
    }
    set
}

/// Everything the reader asks for, whichever of the lines are set.
fn known(lines: &[Line]) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut known: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for line in lines {
        let mut set = around(lines, line);
        set.insert(line.at);
        for (path, choices) in read(lines, &set).known {
            known.entry(path).or_default().extend(choices);
        }
    }
    known
}

/// `path` with types in place of names, since every sink and every source of a type has the same options.
fn general(path: &str, lines: &[Line]) -> String {
    let mut parts: Vec<_> = path.split('.').map(str::to_owned).collect();
    if let [block, name, ..] = parts.as_mut_slice()
        && ["sources", "sinks"].contains(&block.as_str())
    {
        let header = format!("[{block}.{name}]");
        let header = lines.iter().find(|line| line.toml == header);
        let kind = lines
            .iter()
            .find(|line| Some(line.header) == header.map(|it| it.at) && line.name() == "type");
        *name = kind.map_or("", |line| line.toml).replace("type = ", "").replace('"', "");
    }
    for part in &mut parts {
        let name = part.split('[').next().unwrap();
        if part.contains('[') {
            *part = format!("{name}[]");
        }
    }
    // One class stands for all.
    if let Some(at) = parts.iter().position(|part| part == "classes")
        && let Some(class) = parts.get_mut(at + 1)
    {
        "CLASS".clone_into(class);
    }
    parts.join(".")
}

#[test]
fn every_line_of_production_toml_that_is_not_set_could_be_and_defaults_are_defaults() {
    let lines = lines();
    let set: BTreeSet<_> = lines.iter().filter(|line| line.is_set).map(|line| line.at).collect();
    read(&lines, &set).result.expect("what is set is right");
    for line in lines.iter().filter(|line| !line.is_set && !line.is_header()) {
        let mut set = around(&lines, line);
        set.insert(line.at);
        let with = read(&lines, &set).result;
        let with = with.unwrap_or_else(|wrong| panic!("{line:?}: {wrong}"));
        set.remove(&line.at);
        // Where nothing can be read without it, it has no default.
        let Ok(without) = read(&lines, &set).result else { continue };
        let is_default = with == without;
        assert_eq!(!is_default, line.is_example(), "{line:?}: is the default: {is_default}");
    }
}

#[test]
fn production_toml_names_every_option_and_every_choice() {
    let lines = lines();
    let mut about: BTreeMap<String, String> = BTreeMap::new();
    let mut before = String::new();
    let mut next = lines.iter().peekable();
    for (at, text) in TEXT.lines().enumerate() {
        match next.next_if(|line| line.at == at) {
            None if text.is_empty() => before.clear(),
            None => before.push_str(text),
            Some(line) => {
                before.push_str(text);
                for path in line.paths(&lines) {
                    about.entry(general(&path, &lines)).or_default().push_str(&before);
                }
            }
        }
    }
    let mut absent = BTreeSet::new();
    for (path, choices) in known(&lines) {
        let path = general(&path, &lines);
        let is_header = about.keys().any(|it| it.starts_with(&format!("{path}.")));
        let said = about.get(&path).map(|it| it.to_lowercase());
        if said.is_none() && !is_header && about.keys().all(|it| *it != format!("{path}[]")) {
            absent.insert(path.clone());
        }
        for choice in choices {
            let is_named = match path.strip_suffix(".type").and_then(|it| it.split_once('.')) {
                Some((block @ "sources", _)) => about.contains_key(&format!("{block}.{choice}")),
                _ => said.as_ref().is_some_and(|it| it.contains(&choice.to_lowercase())),
            };
            if !is_named {
                absent.insert(format!("{path} = {choice}"));
            }
        }
    }
    assert!(absent.is_empty(), "production.toml does not name {absent:#?}");
}
