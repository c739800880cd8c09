//! The sinks of a configuration, as far as planning needs them.

use std::sync::Arc;

use super::entry::Entry;
use super::input::Record;
use super::totals::Totals;
use crate::clock::Time;
use crate::config::Config;
use crate::event::Event;
use crate::ingest;
use crate::plan::{Automation, Mode};
use crate::sink::{Payload, Settings};
use crate::transport::BaseUrl;

/// All sinks that are planned for.
pub(super) struct Sinks {
    list: Vec<Sink>,
    /// The longest record that any of the sources takes
    pub(super) max_line_bytes: usize,
}

/// One sink, and what was planned for it so far.
pub(super) struct Sink {
    pub(super) name: Arc<str>,
    pub(super) settings: Settings,
    pub(super) endpoint: BaseUrl,
    /// Whether an emulator stands where `endpoint` says
    pub(super) is_emulated: bool,
    pub(super) totals: Totals,
}

impl Sinks {
    /// The sinks of `config`, or the one that is `wanted`; `None` where there is no such sink.
    pub(super) fn new(config: &Config, wanted: Option<&str>) -> Option<Self> {
        let is_meant = |name: &String| wanted.is_none_or(|wanted| wanted == name);
        let sinks = config.sinks.iter().filter(|(name, _)| is_meant(name));
        let list: Vec<_> = sinks
            .map(|(name, sink)| Sink {
                name: name.as_str().into(),
                settings: sink.courier.settings.clone(),
                endpoint: sink.courier.endpoint.clone(),
                is_emulated: config.emulator.is_some() && !sink.courier.is_endpoint_written,
                totals: Totals::default(),
            })
            .collect();
        let longest = config.sources.values().map(|source| source.max_line_bytes.get()).max();
        let max_line_bytes = longest.unwrap_or(usize::MAX);
        (!list.is_empty()).then_some(Self { list, max_line_bytes })
    }

    /// What becomes of each event of `record` in each sink. It is counted.
    pub(super) fn plan(&mut self, record: &Record, now: Option<Time>) -> Vec<Entry> {
        self.list.iter_mut().flat_map(|sink| sink.plan(record, now)).collect()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Sink> {
        self.list.iter()
    }

    /// The sink of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Sink> {
        self.list.iter().find(|sink| &*sink.name == name)
    }

    /// Whether any event would become a dead letter.
    pub(super) fn has_rejected(&self) -> bool {
        self.list.iter().any(|sink| !sink.totals.rejected.is_empty())
    }
}

impl Sink {
    fn plan(&mut self, record: &Record, now: Option<Time>) -> Vec<Entry> {
        let origin = &record.origin;
        let entries: Vec<_> = match &record.payload {
            Payload::Unreadable { problem, .. } => {
                vec![Entry::unreadable(self, origin.to_string(), problem.clone())]
            }
            Payload::Bytes(bytes) => {
                let events = ingest::decode(bytes, origin, &self.settings.ingest);
                let events: Vec<_> = events.collect();
                for event in events.iter().flatten() {
                    self.count_blocks(event);
                }
                events.into_iter().map(|event| Entry::of(event, origin, self, now)).collect()
            }
        };
        for entry in &entries {
            self.totals.add(entry);
        }
        entries
    }

    /// The mapping blocks, in the order of the file.
    pub(super) fn blocks(&self) -> &[Automation] {
        match &self.settings.rules.mode {
            Mode::Direct(direct) => &direct.automations,
            Mode::Inbound { .. } => &[],
        }
    }

    fn count_blocks(&mut self, event: &Event) {
        let matches: Vec<_> =
            self.blocks().iter().map(|block| u64::from(block.on.matches(event))).collect();
        self.totals.add_matches(&matches);
    }
}
