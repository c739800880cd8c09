//! `[[automations]]`: the mapping blocks of a sink.

use toml_span::value::ValueInner;

use super::block::Block;
use super::item::Item;
use super::mistake::{listed, nearest};
use super::steps_json;
use crate::courier::TemplateId;
use crate::event::EventType;
use crate::json::Path;
use crate::plan::{Automation, Data, Target, Trigger};

/// Reads all blocks, in the order of the text.
pub(super) fn read(block: &mut Block<'_>) -> Vec<Automation> {
    let items = block.take("automations").and_then(Item::elements);
    items
        .unwrap_or_default()
        .into_iter()
        .filter_map(|item| item.table(automation).flatten())
        .collect()
}

/// One block.
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `on` | `track/NAME` or a type | required | compared exactly, as Courier Studio does |
/// | `template`, `journey`, `steps` | string, string, list of tables | exactly one | |
/// | `only` | boolean, for identify and group | false | by default an event's own writes come first |
/// | `data` | path, or `.` | the event's usual places | `.` is the whole event, which a link in Studio gives |
/// | `recipient` | path | the event's user, or a group's member | |
/// | `profile` | path | none is sent | |
fn automation(block: &mut Block<'_>) -> Option<Automation> {
    let on = block
        .required("on", "set it to `track/NAME` or to a type such as `identify`")
        .and_then(|item| trigger(&item));
    let target = target(block);
    let only = block.take("only");
    let kind = on.as_ref().map(|on| on.kind);
    if let (Some(kind), Some(item)) = (kind, &only)
        && !matches!(kind, EventType::Identify | EventType::Group)
    {
        item.refuse_with(
            format!("does nothing, since {kind} events write nothing of their own"),
            "remove it",
        );
    }
    let only = only.and_then(|item| item.flag()).unwrap_or_default();
    let data = block.take("data").and_then(|item| item.parsed(str::parse::<Data>));
    let data = data.unwrap_or_default();
    let mut path = |name| block.take(name)?.parsed(str::parse::<Path>);
    let (recipient, profile) = (path("recipient"), path("profile"));
    Some(Automation { on: on?, target: target?, only, data, recipient, profile })
}

fn trigger(item: &Item<'_>) -> Option<Trigger> {
    let ValueInner::String(_) = item.value else {
        item.unexpected("`track/NAME` or a type such as `identify`");
        return None;
    };
    let text = item.text()?;
    let (kind, name) = match text.split_once('/') {
        Some((kind, name)) => (kind, Some(name.to_owned())),
        None => (text.as_str(), None),
    };
    let kinds = EventType::ALL.into_iter().filter(|kind| *kind != EventType::Other);
    let Some(kind) = kinds.clone().find(|known| known.as_str() == kind) else {
        let names = || kinds.clone().map(EventType::as_str);
        match nearest(kind, names()) {
            Some(nearest) => {
                item.refuse_with("unknown event type", format!("did you mean `{nearest}`?"));
            }
            None => item.refuse_with("unknown event type", format!("known: {}", listed(names()))),
        }
        return None;
    };
    match (kind, name.as_deref()) {
        (EventType::Track, Some("")) => {
            item.refuse_with("names no event", "write `track` for all of them");
            return None;
        }
        (_, None) | (EventType::Track, Some(_)) => {}
        (kind, Some(_)) => {
            item.refuse_with("only track events are told apart by name", format!("write `{kind}`"));
            return None;
        }
    }
    Some(Trigger { kind, name })
}

fn target(block: &mut Block<'_>) -> Option<Target> {
    let template = block.take("template");
    let journey = block.take("journey");
    let steps = block.take("steps");
    let all = [&template, &journey, &steps];
    let mut given = all.iter().filter_map(|item| item.as_ref());
    let Some(_) = given.next() else {
        block.refuse("starts nothing", "set one of `template`, `journey` and `steps`");
        return None;
    };
    for another in given {
        another.refuse_with(
            "a block starts one thing only",
            "keep one of `template`, `journey` and `steps`, and write another block for another",
        );
    }
    let template = template.map(|item| item.parsed(TemplateId::new).map(Target::Template));
    let journey = journey.map(|item| item.parsed(TemplateId::new).map(Target::Journey));
    let steps = steps.map(|item| steps_json::steps(item).map(Target::Steps));
    template.or(journey).or(steps).flatten()
}
