//! The list of events: counts, filter and search above, rows below, the details of one beside them.

use std::time::Duration;

use maud::{Markup, html};

use super::chart::bars;
use super::feed::{Feed, SECONDS, Window};
use super::filter::Filter;
use super::frame::{Frame, time};
use super::payload::payload;
use super::row::{Outcome, Row};
use crate::event::EventType;

/// Rows on one page of the list: a few screens, which a browser lays out at once.
const ROWS: usize = 100;

/// Types that stand above the list even when none has come.
const ALWAYS: [EventType; 3] = [EventType::Identify, EventType::Track, EventType::Group];

/// What whoever shows the list adds to the details of one event.
pub(crate) type Details<'a> = &'a dyn Fn(&Row) -> Markup;

/// The whole view.
pub(crate) fn events(
    frame: &Frame,
    feed: &Feed,
    filter: &Filter,
    now: Duration,
    details: Details<'_>,
) -> Markup {
    let window = feed.window(filter, ROWS);
    let open = filter.open.and_then(|number| feed.row(number));
    let at = |filter: &Filter| format!("{}{}", frame.base, filter.query());
    let listed = Filter { open: None, ..filter.clone() };
    html! {
        section.summary data-part="summary" { (summary(feed, filter, now, &at)) }
        section.tools data-part="tools" data-keep="" { (tools(frame, filter, &at)) }
        div.split.opened[open.is_some()] data-part="layout" data-class="" {
            section.card.list data-part="rows" { (list(frame, feed, filter, &window, &at)) }
            @if let Some(row) = open {
                aside.card.details #details aria-label="Details" data-part=(format!("event-{}", row.number)) data-keep="" {
                    (about(frame, row, &at(&listed), details))
                }
            } @else if filter.open.is_some() {
                aside.card.details #details data-part="gone" {
                    p.quiet { "This event is not kept any more." }
                    p { a #close href=(at(&listed)) data-soft="" { "Close" } }
                }
            }
        }
    }
}

fn summary(feed: &Feed, filter: &Filter, now: Duration, at: &dyn Fn(&Filter) -> String) -> Markup {
    let kinds = EventType::ALL.into_iter();
    let kinds = kinds.filter(|kind| ALWAYS.contains(kind) || feed.count(*kind) > 0);
    let of = |kind| Filter { kind, before: None, open: None, ..filter.clone() };
    let arrivals = feed.arrivals(now);
    let lately: u64 = arrivals.iter().rev().take(5).sum();
    html! {
        a.count href=(at(&of(None))) data-soft="" aria-current=[filter.kind.is_none().then_some("true")] {
            b { (grouped(feed.total())) }
            span { "all events" }
        }
        @for kind in kinds {
            a.count href=(at(&of(Some(kind)))) data-soft=""
                aria-current=[(filter.kind == Some(kind)).then_some("true")] {
                b { (grouped(feed.count(kind))) }
                span { i class=(format!("dot {}", kind.as_str())) {} (kind.as_str()) }
            }
        }
        div.count.rate {
            div {
                b { (lately / 5) small { "." (lately % 5 * 2) } }
                span { "a second" }
            }
            (bars(&arrivals, &format!("Events in each of the last {SECONDS} seconds")))
        }
    }
}

fn tools(frame: &Frame, filter: &Filter, at: &dyn Fn(&Filter) -> String) -> Markup {
    let refused = Filter { refused: !filter.refused, before: None, ..filter.clone() };
    html! {
        form.search action=(frame.base) method="get" role="search" data-soft="" {
            @if let Some(kind) = filter.kind {
                input type="hidden" name="type" value=(kind.as_str());
            }
            @if let Some(sink) = &filter.sink {
                input type="hidden" name="sink" value=(sink);
            }
            @if filter.refused {
                input type="hidden" name="outcome" value="refused";
            }
            svg viewBox="0 0 16 16" aria-hidden="true" {
                circle cx="7" cy="7" r="4.6" {}
                path d="m10.5 10.5 3.6 3.6" {}
            }
            input #search type="search" name="q" value=(filter.search) maxlength="200" autocomplete="off"
                spellcheck="false" placeholder="Search names, users, paths and payloads"
                aria-label="Search names, users, paths and payloads";
        }
        a.toggle href=(at(&refused)) data-soft="" role="button" aria-pressed=(filter.refused) {
            (frame.refused)
        }
        @for sink in &frame.sinks {
            @let is_chosen = filter.sink.as_ref() == Some(sink);
            @let other = (!is_chosen).then(|| sink.clone());
            @let chosen = Filter { sink: other, before: None, ..filter.clone() };
            a.toggle.sink href=(at(&chosen)) data-soft="" role="button" aria-pressed=(is_chosen) { (sink) }
        }
    }
}

fn list(
    frame: &Frame,
    feed: &Feed,
    filter: &Filter,
    window: &Window<'_>,
    at: &dyn Fn(&Filter) -> String,
) -> Markup {
    let newest = Filter { before: None, open: None, ..filter.clone() };
    let older = window.rows.last().filter(|_| window.has_older);
    let older = older.map(|row| Filter { before: Some(row.number), ..newest.clone() });
    html! {
        @if window.rows.is_empty() {
            (nothing(frame, feed))
        } @else {
            table.rows {
                thead { tr {
                    th.time scope="col" { "Time" }
                    th.type scope="col" { "Type" }
                    th.name scope="col" { "Name" }
                    th.user scope="col" { "User" }
                    th.request scope="col" { "Request" }
                    th.outcome scope="col" { "Outcome" }
                } }
                tbody {
                    @for row in &window.rows { (entry(row, filter, at)) }
                }
            }
        }
        div.pages {
            span.quiet {
                (grouped(u64::try_from(window.matching).unwrap_or(u64::MAX)))
                @if window.matching == feed.kept() { " kept" } @else {
                    " of " (grouped(u64::try_from(feed.kept()).unwrap_or(u64::MAX))) " kept"
                }
                @if feed.missed() > 0 { ", " (grouped(feed.missed())) " went by unseen" }
            }
            @if filter.before.is_some() { a href=(at(&newest)) data-soft="" { "Newest" } }
            @if let Some(older) = older { a #older href=(at(&older)) data-soft="" { "Older" } }
        }
    }
}

fn nothing(frame: &Frame, feed: &Feed) -> Markup {
    html! {
        div.nothing {
            @if feed.total() == 0 {
                h2 { "Waiting for the first event" }
                p { (frame.waiting) }
            } @else {
                h2 { "Nothing matches" }
                p { "Other events did come. Search for something else, or show all types." }
            }
        }
    }
}

fn entry(row: &Row, filter: &Filter, at: &dyn Fn(&Filter) -> String) -> Markup {
    let open = Filter { open: Some(row.number), ..filter.clone() };
    let is_open = filter.open == Some(row.number);
    html! {
        tr data-number=(row.number) aria-current=[is_open.then_some("true")] {
            td.time { (time(row.at)) }
            td.type { (tag(row)) }
            td.name {
                a.quiet[row.name.is_none()] id=(format!("row-{}", row.number)) href=(at(&open)) data-soft="" {
                    (row.name.as_deref().unwrap_or(row.label))
                }
            }
            td.user { @match &row.user { Some(user) => (user), None => span.quiet { "nobody" } } }
            td.request {
                @if let [request, more @ ..] = row.requests.as_slice() {
                    span.method { (request.method) } " " (request.path)
                    @if !more.is_empty() { span.quiet { " +" (more.len()) } }
                }
            }
            td.outcome { (outcome(row.outcome)) }
        }
    }
}

fn about(frame: &Frame, row: &Row, close: &str, details: Details<'_>) -> Markup {
    html! {
        header {
            div {
                (tag(row))
                h2 { (row.name.as_deref().unwrap_or(row.label)) }
            }
            a.close #close href=(close) data-soft="" aria-label="Close" title="Close (esc)" { "×" }
        }
        (details(row))
        dl {
            dt { "User" } dd { (row.user.as_deref().unwrap_or("nobody")) }
            dt { "Received" } dd { (time(row.at)) }
            dt { "Outcome" } dd { (outcome(row.outcome)) }
            @if let Some(sink) = row.sink.as_ref().filter(|_| !frame.sinks.is_empty()) {
                dt { "Sink" } dd { (sink) }
            }
            @for request in &row.requests {
                dt { "Request" } dd.mono { span.method { (request.method) } " " (request.path) }
            }
            @for (name, value) in &row.facts {
                dt { (name) } dd.mono { (value) }
            }
        }
        h3 { "Payload" }
        (payload(&row.payload))
    }
}

/// What it is, in the colour of its type.
fn tag(row: &Row) -> Markup {
    html! { span class=(format!("tag {}", row.kind.as_str())) { (row.label) } }
}

fn outcome(outcome: Outcome) -> Markup {
    html! { span class=(format!("state {}", outcome.tone())) { (outcome.text()) } }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
