//! [`Config`]: a whole configuration file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::block::Block;
use super::courier::Beside;
use super::emulator::{self, EmulatorConfig};
use super::item::Item;
use super::reader::{Place, Reader};
use super::{ApiConfig, Mistake, Mistakes, Sink, Source, TracesConfig, api, sink, source, traces};

/// A whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `data_dir`: where checkpoints and dead letters are kept
    pub data_dir: Option<PathBuf>,
    /// `shutdown_timeout_secs`: how long what is under way may take once there is no more input, or a signal came.
    /// Default 60, as in Vector.
    pub shutdown_timeout: Duration,
    /// `[sources.NAME]`; at least one, each read by one sink or more
    pub sources: BTreeMap<String, Source>,
    /// `[sinks.NAME]`; at least one
    pub sinks: BTreeMap<String, Sink>,
    /// `[api]`
    pub api: Option<ApiConfig>,
    /// `[traces]`
    pub traces: Option<TracesConfig>,
    /// `[emulator]`
    pub emulator: Option<EmulatorConfig>,
}

impl Config {
    /// Reads a configuration. `file` is the name mistakes are told with; `environment` gives the values of variables,
    /// which stand in string values as `${VAR}`, `${VAR:-default}` or `${VAR:?message}`.
    pub fn parse(
        text: &str,
        file: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Mistakes> {
        let reader = Reader::new(text, environment);
        reader.read(|top| Some(read(top))).map_err(|mistakes| Mistakes::new(file, mistakes))
    }

    /// The same for whoever sends nothing: API keys and write keys are neither looked at nor missed, and stand for none
    /// in what comes out.
    pub fn parse_without_keys(
        text: &str,
        file: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Mistakes> {
        let reader = Reader::without_keys(text, environment);
        reader.read(|top| Some(read(top))).map_err(|mistakes| Mistakes::new(file, mistakes))
    }

    /// Reads what can be read, for whoever looks for further mistakes: together with all that were found, in the order of
    /// the text. Options that are wrong have their defaults, and blocks are missing of which nothing can be said; nothing
    /// comes of a text that is not TOML. Not for running.
    pub fn parse_partly(
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> (Option<Self>, Vec<Mistake>) {
        let (config, mut mistakes) =
            Reader::new(text, environment).read_partly(|top| Some(read(top)));
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        (config, mistakes)
    }
}

pub(super) fn read(top: &mut Block<'_>) -> Config {
    let data_dir = top.text("data_dir").map(PathBuf::from);
    let shutdown_timeout = top.seconds("shutdown_timeout_secs", Duration::from_secs(60));
    let api = top.take("api").and_then(|item| item.table(api::read));
    let traces = top.take("traces").and_then(|item| item.table(traces::read));
    let emulator = top.take("emulator").map(emulator::read);
    let (sources, places) = sources(top);
    let beside = if emulator.is_some() { Beside::Emulator } else { Beside::Nothing };
    let sinks = sinks(top, &places, beside);
    Config { data_dir, shutdown_timeout, sources, sinks, api, traces, emulator: emulator.flatten() }
}

/// The sources that could be read, and the places of all, by name.
fn sources(top: &mut Block<'_>) -> (BTreeMap<String, Source>, BTreeMap<String, Place>) {
    let mut sources = BTreeMap::new();
    let mut places = BTreeMap::new();
    for (name, item) in components(top, "sources", "add a block `[sources.NAME]`") {
        places.insert(name.clone(), item.place.clone());
        if let Some(source) = item.table(source::read).flatten() {
            sources.insert(name, source);
        }
    }
    (sources, places)
}

fn sinks(
    top: &mut Block<'_>,
    sources: &BTreeMap<String, Place>,
    beside: Beside,
) -> BTreeMap<String, Sink> {
    let names: BTreeSet<String> = sources.keys().cloned().collect();
    let mut sinks = BTreeMap::new();
    let items = components(top, "sinks", "add a block `[sinks.NAME]`");
    // Nothing is unused as long as it is not known what is used.
    let mut used = (!items.is_empty()).then(BTreeSet::new);
    for (name, item) in items {
        let sink = item.table(|block| sink::read(block, &name, &names, &mut used, beside));
        match sink {
            Some(Some(sink)) => {
                sinks.insert(name, sink);
            }
            Some(None) => {}
            None => used = None,
        }
    }
    if let Some(used) = used {
        for (_, place) in sources.iter().filter(|(name, _)| !used.contains(*name)) {
            let remedy = "add it to `inputs` or remove it".to_owned();
            top.reader.mistake(place, "no sink reads it".to_owned(), Some(remedy));
        }
    }
    sinks
}

/// The members of the table `name`, of which there must be one.
fn components<'a>(
    top: &mut Block<'a>,
    name: &'static str,
    remedy: &str,
) -> Vec<(String, Item<'a>)> {
    let Some(item) = top.take(name) else {
        top.missing(name, remedy);
        return Vec::new();
    };
    let place = item.place.clone();
    let items = item.table(Block::take_all);
    if items.as_ref().is_some_and(Vec::is_empty) {
        let message = "is empty".to_owned();
        top.reader.mistake(&place, message, Some(remedy.to_owned()));
    }
    // Names become parts of file names and of idempotency keys.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let items = items.unwrap_or_default();
    for (name, item) in &items {
        if name.is_empty() || !name.chars().all(is_plain) {
            item.refuse("a name consists of letters, digits, `_` and `-`");
        }
    }
    items
}
