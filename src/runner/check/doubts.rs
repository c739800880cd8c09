//! What a configuration may say and hardly means: options that do nothing, blocks that match nothing, or twice.

use super::mistake;
use crate::config::{Config, Mistake};
use crate::event::EventType;
use crate::plan::{Automation, Direct, Mode, Unmapped};

/// Everything that is doubtful; a run is not kept from it.
pub fn doubts(config: &Config) -> Vec<Mistake> {
    let mut doubtful = Vec::new();
    for (name, sink) in &config.sinks {
        let settings = &sink.courier.settings;
        let Mode::Direct(direct) = &settings.rules.mode else { continue };
        let place = Place { line: sink.line, sink: format!("sinks.{name}") };
        doubtful.extend(unmapped(direct, &place));
        let most = settings.ingest.max_event_bytes;
        for (at, block) in direct.automations.iter().enumerate() {
            let before = direct.automations.iter().take(at).position(|it| it == block);
            doubtful.extend(never(block, most, &place.option(at, "on")));
            doubtful.extend(before.map(|before| twice(before, &place.option(at, "on"))));
        }
    }
    doubtful
}

/// A sink, and the options of its blocks.
struct Place {
    line: usize,
    sink: String,
}

impl Place {
    fn option(&self, block: usize, option: &str) -> Self {
        let sink = format!("{}.automations[{block}].{option}", self.sink);
        Self { line: self.line, sink }
    }

    fn says(&self, message: impl Into<String>, remedy: &str) -> Mistake {
        mistake(self.line, self.sink.clone(), message, remedy)
    }
}

/// A block for all track events leaves none that is not mapped.
fn unmapped(direct: &Direct, place: &Place) -> Option<Mistake> {
    let takes_all = |it: &Automation| it.on.kind == EventType::Track && it.on.name.is_none();
    let is_asked_for = direct.unmapped != Unmapped::default();
    (is_asked_for && direct.automations.iter().any(takes_all)).then(|| {
        let place = Place { line: place.line, sink: format!("{}.unmapped", place.sink) };
        place.says(
            "does nothing: a block is `on = \"track\"`, so every track event is mapped",
            "remove it",
        )
    })
}

/// Names are compared exactly, and an event is no larger than it may be.
fn never(block: &Automation, most: usize, place: &Place) -> Option<Mistake> {
    let name = block.on.name.as_deref()?;
    if name.len() >= most {
        let message = format!("can never match: an event may take {most} bytes, its name included");
        return Some(place.says(message, "shorten it, or raise `ingest.max_event_bytes`"));
    }
    (name.trim() != name).then(|| {
        let message = "matches only names with the same white space around them";
        place.says(message, "remove it: names are compared exactly")
    })
}

fn twice(before: usize, place: &Place) -> Mistake {
    let message = format!("is the same block as automations[{before}]: each event starts it twice");
    place.says(message, "remove one of the two")
}
