//! Events by name, what the mapping of each sink starts by them, and the block for a link that somebody tries: nothing is
//! changed, here or at Courier.

use std::collections::BTreeSet;
use std::sync::Arc;

use maud::{Markup, html};

use super::{BASE, EventsPage, ShownSink};
use crate::event::EventType;
use crate::page::{Row, block};
use crate::plan::{Automation, Mode, Rules, Target};

/// Security: names of events are foreign; as many are shown at once.
const MAX_SHOWN: usize = 500;

/// Security: the longest id of an automation that is taken from an address.
const MAX_ID_CHARS: usize = 200;

/// A link that is tried: nothing knows of it but the address.
#[derive(Debug)]
pub(super) struct Tried {
    sink: String,
    on: String,
    template: String,
}

impl Tried {
    /// What an address asks for; none where that is no link.
    pub(super) fn of(fields: &[(String, String)]) -> Option<Self> {
        let field = |name: &str| {
            let found = fields.iter().find(|(found, _)| found == name);
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let (sink, on) = (field("sink"), field("on"));
        let fresh = field("new");
        let template = if fresh.is_empty() { field("template") } else { fresh };
        let is_event = match on.split_once('/') {
            Some(("track", name)) => !name.is_empty(),
            Some(_) => false,
            None => {
                EventType::ALL.iter().any(|kind| kind.as_str() == on && *kind != EventType::Other)
            }
        };
        let is_id = !matches!(template.as_str(), "" | "." | "..")
            && template.chars().count() <= MAX_ID_CHARS;
        (is_event && is_id).then_some(Self { sink, on, template })
    }
}

pub(super) fn view(page: &EventsPage, fields: &[(String, String)]) -> Markup {
    let rules: Vec<(&ShownSink, Arc<Rules>)> =
        page.sinks.iter().map(|sink| (sink, sink.rules())).collect();
    let tried = Tried::of(fields);
    // A sink that is none of ours has no block.
    let tried = tried.filter(|tried| rules.iter().any(|(sink, _)| *sink.name == *tried.sink));
    html! {
        div.split.always data-part="layout" data-class="" {
            section.card.block.overflow data-part="events" { (events(page, &rules)) }
            aside data-part="mapping" {
                section.card.block {
                    @match &tried {
                        Some(tried) => {
                            header { h2 { "Mapping" } button type="button" data-copy="toml" { "Copy" } }
                            p.quiet { "Paste it below the block of the sink " b { (tried.sink) } ", and load the \
                                configuration again. Nothing has been changed." }
                            pre.payload.toml #toml tabindex="0" { (block(&tried.sink, &tried.on, &tried.template)) }
                        }
                        None => {
                            header { h2 { "Mapping" } }
                            p.quiet { "Press + and name an automation: the block to paste stands here. The page changes \
                                nothing, neither the configuration nor anything at Courier." }
                        }
                    }
                }
                @for (sink, rules) in &rules { (configured(sink, rules)) }
            }
        }
    }
}

fn events(page: &EventsPage, rules: &[(&ShownSink, Arc<Rules>)]) -> Markup {
    let counts = page.store.look().triggers.clone();
    let is_one = rules.len() < 2;
    html! {
        header { div {
            h2 { "Events" }
            p.quiet { "What the configuration starts by each." }
        } }
        @if counts.is_empty() {
            div.nothing { h2 { "No events yet" } p { "What could start something appears here by its name." } }
        } @else {
            table.links {
                thead { tr {
                    th.name scope="col" { "Event" }
                    @if !is_one { th.type scope="col" { "Sink" } }
                    th.number scope="col" { "Came" } th scope="col" { "Starts" }
                    th.plus scope="col" { span.quiet { "Link" } }
                } }
                tbody {
                    @for ((sink, on), count) in counts.iter().take(MAX_SHOWN) {
                        @let kind = on.split('/').next().unwrap_or_default();
                        @let name = on.strip_prefix("track/").unwrap_or(on);
                        tr data-event=(on) {
                            td.name { span class=(format!("tag {kind}")) { (kind) } " " @if name != kind { (name) } }
                            @if !is_one { td.quiet { (sink) } }
                            td.number { (count) }
                            @match rules.iter().find(|(it, _)| it.name == *sink) {
                                Some((_, rules)) => (starts(rules, sink, on)),
                                None => { td {} td.plus {} }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn starts(rules: &Rules, sink: &str, on: &str) -> Markup {
    html! {
        td { (chips(rules, on)) }
        td.plus {
            @if let Mode::Direct(_) = rules.mode {
                details.plus {
                    summary aria-label=(format!("Link {on} to an automation")) { "+" }
                    (form(rules, sink, on))
                }
            }
        }
    }
}

/// What the page adds to an event's details: what its sink's mapping starts by it, and a link to try.
pub(super) fn details(page: &EventsPage, row: &Row) -> Markup {
    let sink = page.sinks.iter().find(|sink| Some(&sink.name) == row.sink.as_ref());
    let Some(sink) = sink.filter(|_| super::store::starts(row)) else { return html! {} };
    let (rules, on) = (sink.rules(), row.trigger());
    html! {
        div.link #link {
            h3 { "Starts when it comes" }
            (chips(&rules, &on))
            @if let Mode::Direct(_) = rules.mode { (form(&rules, &sink.name, &on)) }
        }
    }
}

fn chips(rules: &Rules, on: &str) -> Markup {
    let kind = on.split('/').next().unwrap_or_default();
    let is_for = |block: &&Automation| {
        let trigger = block.on.to_string();
        trigger == on || trigger == kind
    };
    let blocks: Vec<_> = automations(rules).iter().filter(is_for).collect();
    html! {
        div.chips {
            @for block in &blocks { span.chip.fixed { (target(&block.target)) } }
            @if blocks.is_empty() {
                span.quiet { @match rules.mode {
                    Mode::Direct(_) => "nothing by the mapping",
                    Mode::Inbound { .. } => "what is linked in Studio",
                } }
            }
        }
    }
}

fn form(rules: &Rules, sink: &str, on: &str) -> Markup {
    let known = automations(rules).iter().filter_map(|block| match &block.target {
        Target::Template(id) => Some(id.as_str()),
        Target::Journey(_) | Target::Steps(_) => None,
    });
    let known: BTreeSet<&str> = known.collect();
    html! {
        form action=(format!("{BASE}/automations")) method="get" data-soft="" {
            input type="hidden" name="sink" value=(sink);
            input type="hidden" name="on" value=(on);
            @if !known.is_empty() {
                select name="template" aria-label="An automation of the mapping" {
                    option value="" { "Choose…" }
                    @for template in known { option value=(template) { (template) } }
                }
            }
            input type="text" name="new" maxlength="200" autocomplete="off" spellcheck="false"
                placeholder="an automation's id or alias" aria-label="The id or alias of an automation";
            button.primary type="submit" { "Show the block" }
        }
    }
}

fn configured(sink: &ShownSink, rules: &Rules) -> Markup {
    let blocks = automations(rules);
    html! {
        section.card.block {
            header { h2 { (sink.name) } }
            @match &rules.mode {
                Mode::Inbound { .. } => p.quiet { "It sends everything to " code { "/inbound/rudderstack" }
                    ": what starts by which event is decided in Studio." },
                Mode::Direct(_) if blocks.is_empty() => p.quiet { "Its mapping has no blocks." },
                Mode::Direct(_) => dl {
                    @for block in blocks { dt { (block.on) } dd { (target(&block.target)) } }
                },
            }
        }
    }
}

fn automations(rules: &Rules) -> &[Automation] {
    match &rules.mode {
        Mode::Direct(direct) => &direct.automations,
        Mode::Inbound { .. } => &[],
    }
}

/// Security: of steps their number only, since they may hold the headers of a webhook.
fn target(target: &Target) -> String {
    match target {
        Target::Template(id) => id.as_str().to_owned(),
        Target::Journey(id) => format!("journey {}", id.as_str()),
        Target::Steps(steps) => match steps.elements().len() {
            1 => "1 step of its own".to_owned(),
            number => format!("{number} steps of its own"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(on: &str, template: &str) -> bool {
        let fields = [("sink", "a"), ("on", on), ("template", template)];
        Tried::of(&fields.map(|(name, value)| (name.to_owned(), value.to_owned()))).is_some()
    }

    #[test]
    fn a_link_is_tried_of_an_event_and_an_automation() {
        assert!(tried("track/Order Completed", "thanks") && tried("identify", "welcome"));
        for (on, template) in
            [("nothing", "x"), ("group/x", "x"), ("track/", "x"), ("group", ""), ("group", "..")]
        {
            assert!(!tried(on, template), "{on} {template}");
        }
    }
}
