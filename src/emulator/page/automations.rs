//! Events and the automations they start, the mapping that says the same to a sink, and the automations themselves.

use std::collections::BTreeSet;
use std::ops::Bound;

use maud::{Markup, html};
use serde_json::Value;

use super::super::state::{InboundKind, State, Template};
use super::asked::Asked;
use super::linking::{chips, form, links};
use super::{Page, export};
use crate::page::payload;

/// Security: the names of events are foreign; as many are shown at once.
const MAX_SHOWN: usize = 500;

pub(super) fn view(page: &Page, asked: &Asked) -> Markup {
    let follower = page.follower();
    let state = page.courier.state();
    let linked = state.automations.links().map(|link| (link.source, link.on.as_str()));
    let seen = follower.triggers().keys().map(|(source, on)| (*source, on.as_str()));
    let events: BTreeSet<(InboundKind, &str)> = linked.chain(seen).take(MAX_SHOWN).collect();
    let times = |source: InboundKind, on: &str| {
        let count = follower.triggers().get(&(source, on.to_owned()));
        count.copied().unwrap_or_default()
    };
    let toml = export::toml(state.automations.links());
    html! {
        div.split.always data-part="layout" data-class="" {
            section.card.block.overflow data-part="events" {
                header { div {
                    h2 { "Events" }
                    p.quiet { "Press + to start an automation whenever an event of that name comes in." }
                } }
                @if events.is_empty() {
                    div.nothing { h2 { "No events yet" } p { "What comes to " code { "/inbound" } " appears here." } }
                } @else {
                    table.links {
                        thead { tr {
                            th.name scope="col" { "Event" } th.type scope="col" { "From" }
                            th.number scope="col" { "Came" } th scope="col" { "Starts" }
                            th.plus scope="col" { span.quiet { "Link" } }
                        } }
                        tbody {
                            @for (source, on) in &events {
                                (event(page, &state, (*source, on), times(*source, on), asked))
                            }
                        }
                    }
                }
            }
            aside data-part="mapping" {
                section.card.block {
                    header {
                        h2 { "Mapping" }
                        @if !toml.is_empty() {
                            span {
                                button type="button" data-copy="toml" { "Copy" }
                                a.button href=(page.frame.link("/mapping.toml")) download="mapping.toml" { "Download" }
                            }
                        }
                    }
                    @if toml.is_empty() {
                        p.quiet { "Link an event, and the same mapping for a sink in direct mode stands here, ready to paste." }
                    } @else {
                        p.quiet { "Paste it below the sink's block: then the sink starts these by itself." }
                        pre.payload.toml #toml tabindex="0" { (toml) }
                    }
                }
                section.card.block {
                    header { h2 { "Automations" } }
                    @let all = state.automations.templates.from(Bound::Unbounded).take(MAX_SHOWN);
                    @for (id, template) in all { (automation(id, template)) }
                    @if state.automations.templates.len() == 0 {
                        p.quiet { "None is stored here. A link may name any: its runs are accepted, and their steps are \
                            not known." }
                    }
                }
            }
        }
    }
}

fn event(
    page: &Page,
    state: &State,
    (source, on): (InboundKind, &str),
    count: u64,
    asked: &Asked,
) -> Markup {
    let kind = on.split('/').next().unwrap_or_default();
    let name = on.strip_prefix("track/").unwrap_or(on);
    html! {
        tr data-event=(on) {
            td.name { span class=(format!("tag {kind}")) { (kind) } " " @if name != kind { (name) } }
            td.quiet { (source.name()) }
            td.number { (count) }
            td { (chips(page, &links(state, source, on), asked.path())) }
            td.plus {
                details.plus {
                    summary aria-label=(format!("Link {on} to an automation")) { "+" }
                    (form(page, state, source, on, asked.path()))
                }
            }
        }
    }
}

fn automation(id: &str, template: &Template) -> Markup {
    let actions = template.steps.iter().map(|step| step.get("action").and_then(Value::as_str));
    let actions: Vec<&str> = actions.map(Option::unwrap_or_default).collect();
    let steps = Value::Array(template.steps.to_vec()).to_string();
    html! {
        details.stored {
            summary { b { (template.name) } @if template.name != id { " " span.quiet.mono { (id) } }
                " " span.quiet { (actions.join(" → ")) } }
            (payload(steps.as_bytes()))
        }
    }
}
