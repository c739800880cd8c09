//! Where an event and automations meet: chips for those it starts, a form to add one, and what one event has started.

use maud::{Markup, html};

use super::super::state::{InboundKind, Link, Run};
use super::{Page, rows, runs};
use crate::page::{Filter, Row, encoded};

/// Security: an event may start any number of runs; so many are shown.
const MAX_RUNS: usize = 100;

/// What the emulator adds to an event's details: what it starts, and what it started.
pub(super) fn details(page: &Page, row: &Row, filter: &Filter) -> Markup {
    let source = rows::source(row);
    let starts = rows::starts(row);
    let back = format!("{}{}", page.frame.base, filter.query());
    let on = row.trigger();
    let state = page.courier.state();
    let started: Vec<&Run> = state.runs.of_request(row.number).take(MAX_RUNS).collect();
    html! {
        @if let Some(source) = starts {
            div.link #link {
                h3 { "Starts when it comes" }
                (chips(page, &links(&state, source, &on), &back))
                (form(page, &state, source, &on, &back))
            }
        } @else if source.is_none() {
            p.quiet.note { "A direct request: links do not start anything of it." }
        }
        @if !started.is_empty() {
            h3 { "Started" }
            @for run in started {
                p.plain { a.started href=(format!("{}?open={}", page.frame.link("/runs"), encoded(&run.run_id))) {
                    (runs::name(run)) } " " (runs::status(run.status(page.now()))) }
            }
        }
    }
}

/// The automations an event starts.
pub(super) fn links<'a>(
    state: &'a super::super::state::State,
    source: InboundKind,
    on: &str,
) -> Vec<&'a Link> {
    state.automations.links().filter(|link| link.source == source && link.on == on).collect()
}

/// Each with a button that takes it away.
pub(super) fn chips(page: &Page, links: &[&Link], back: &str) -> Markup {
    html! {
        div.chips {
            @for link in links {
                span.chip {
                    (link.template)
                    form action=(page.frame.link("/unlink")) method="post" {
                        (hidden(link.source, &link.on, back))
                        input type="hidden" name="template" value=(link.template);
                        button type="submit" aria-label=(format!("Unlink {}", link.template)) title="Unlink" { "×" }
                    }
                }
            }
            @if links.is_empty() { span.quiet { "nothing yet" } }
        }
    }
}

/// A choice of what is there, and a name for what is not.
pub(super) fn form(
    page: &Page,
    state: &super::super::state::State,
    source: InboundKind,
    on: &str,
    back: &str,
) -> Markup {
    let known = known(state);
    html! {
        form action=(page.frame.link("/link")) method="post" {
            (hidden(source, on, back))
            @if !known.is_empty() {
                select name="template" aria-label="An automation that is there" {
                    option value="" { "Choose…" }
                    @for template in known { option value=(template) { (template) } }
                }
            }
            input type="text" name="new" maxlength="200" autocomplete="off" spellcheck="false"
                placeholder="or a new one" aria-label="The name of a new automation";
            button.primary type="submit" { "Link" }
        }
    }
}

/// Automations by name: those written here, and those only links tell of.
fn known(state: &super::super::state::State) -> std::collections::BTreeSet<&str> {
    let written = state.automations.templates.from(std::ops::Bound::Unbounded);
    let linked = state.automations.links().map(|link| link.template.as_str());
    written.map(|(id, _)| &**id).chain(linked).collect()
}

fn hidden(source: InboundKind, on: &str, back: &str) -> Markup {
    html! {
        input type="hidden" name="source" value=(source.name());
        input type="hidden" name="on" value=(on);
        input type="hidden" name="back" value=(back);
    }
}
