//! The run log: which automations ran, for whom and why, and what each step did with which values.

use std::time::Duration;

use maud::{Markup, html};

use super::super::state::{Run, RunStatus, RunStep, Source, StartedBy, StepStatus};
use super::Page;
use super::asked::Asked;
use crate::page::{encoded, moment, payload, time};

/// Runs on one page of the list.
const RUNS: usize = 100;

pub(super) fn view(page: &Page, asked: &Asked) -> Markup {
    let now = page.now();
    let state = page.courier.state();
    let mut runs: Vec<&Run> = state.runs.newest(asked.after.as_deref()).take(RUNS + 1).collect();
    let has_more = runs.len() > RUNS;
    runs.truncate(RUNS);
    let open = asked.open.as_deref().and_then(|id| state.runs.get(id));
    html! {
        div.split.opened[open.is_some()] data-part="layout" data-class="" {
            section.card.list data-part="rows" {
                @if runs.is_empty() {
                    div.nothing { h2 { "Nothing has run yet" } p { "Link an event to an automation, or invoke one." } }
                } @else {
                    table.rows {
                        thead { tr {
                            th.time scope="col" { "Time" } th.name scope="col" { "Automation" }
                            th.user scope="col" { "Recipient" } th.request scope="col" { "Started by" }
                            th.outcome scope="col" { "Status" }
                        } }
                        tbody { @for run in &runs { (entry(run, now, asked)) } }
                    }
                }
                div.pages {
                    span.quiet { (state.runs.next()) " in all" }
                    @if asked.after.is_some() { a href=(asked.first()) data-soft="" { "Newest" } }
                    @if let (true, Some(last)) = (has_more, runs.last()) {
                        a href=(asked.past(&last.run_id)) data-soft="" { "Older" }
                    }
                }
            }
            @if let Some(run) = open {
                aside.card.details #details aria-label="Details" data-part=(format!("run-{}", run.run_id)) {
                    (about(page, run, now, asked))
                }
            }
        }
    }
}

fn entry(run: &Run, now: Duration, asked: &Asked) -> Markup {
    let is_open = asked.open.as_ref() == Some(&run.run_id);
    html! {
        tr data-number="" aria-current=[is_open.then_some("true")] {
            td.time { (time(run.created)) }
            td.name { a id=(format!("run-{}", run.run_id)) href=(asked.opening(&run.run_id)) data-soft="" { (name(run)) } }
            td.user { @match &run.recipient { Some(user) => (user), None => span.quiet { "nobody" } } }
            td.request { (started_by(run)) }
            td.outcome { (status(run.status(now))) }
        }
    }
}

fn about(page: &Page, run: &Run, now: Duration, asked: &Asked) -> Markup {
    html! {
        header {
            div { (status(run.status(now))) h2 { (name(run)) } }
            a.close #close href=(asked.closed()) data-soft="" aria-label="Close" title="Close (esc)" { "×" }
        }
        dl {
            dt { "Run" } dd.mono { (run.run_id) }
            dt { "Recipient" } dd { (run.recipient.as_deref().unwrap_or("nobody")) }
            dt { "Started by" } dd {
                @match &run.started_by {
                    StartedBy::Run(id) => a href=(asked.opening(id)) data-soft="" { (started_by(run)) },
                    StartedBy::Invoke | StartedBy::Event(..) => (started_by(run)),
                }
            }
            dt { "Started" } dd { (moment(run.created)) }
            @if run.ends != run.created { dt { "Ends" } dd { (moment(run.ends)) } }
            @if let Some(token) = &run.cancelation_token { dt { "Cancelled by" } dd.mono { (token) } }
        }
        h3 { "Steps" }
        @if run.steps.is_empty() {
            p.quiet { "It is not known here which steps it has." }
        } @else {
            ol.steps { @for it in &run.steps { (step(page, it, run)) } }
        }
        h3 { "Context" }
        (payload(run.context.to_string().as_bytes()))
    }
}

fn step(page: &Page, step: &RunStep, run: &Run) -> Markup {
    let tone = match step.status {
        StepStatus::Processed => "good",
        StepStatus::NotProcessed => "quiet",
        StepStatus::Canceled => "warn",
        StepStatus::Error => "bad",
    };
    html! {
        li class=(tone) {
            div.between { b { (step.action) } span.quiet { (step.status.as_str().to_lowercase()) } }
            @if step.at != run.created { p.quiet { "due " (moment(step.at)) } }
            @if let Some(note) = &step.note { p.quiet { (note) } }
            @for name in &step.unresolved { p.quiet { code { (name) } " leads nowhere" } }
            @if let Some(id) = &step.message_id {
                p.plain { a.more href=(format!("{}?open={}", page.frame.link("/messages"), encoded(id))) { "the message" } }
            }
            @if let Some(id) = &step.run_id {
                p.plain { a.more href=(format!("{}?open={}", page.frame.link("/runs"), encoded(id))) { "the run" } }
            }
            (payload(step.resolved.to_string().as_bytes()))
        }
    }
}

/// What ran.
pub(super) fn name(run: &Run) -> &str {
    match &run.source {
        Source::AdHoc => "ad hoc",
        Source::Template(id) | Source::Journey(id) => id,
    }
}

pub(super) fn status(status: RunStatus) -> Markup {
    let tone = match status {
        RunStatus::Processed => "good",
        RunStatus::Processing | RunStatus::Waiting => "quiet",
        RunStatus::Canceled => "warn",
        RunStatus::Error => "bad",
    };
    html! { span class=(format!("state {tone}")) { (status.as_str().to_lowercase()) } }
}

fn started_by(run: &Run) -> String {
    match &run.started_by {
        StartedBy::Invoke => "a request".to_owned(),
        StartedBy::Event(_, on) => on.clone(),
        StartedBy::Run(id) => format!("run {id}"),
    }
}
