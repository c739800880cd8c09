//! A list of things by id, found by how their ids begin, with one of them in detail beside it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::super::retention::Table;
use super::asked::Asked;

/// Rows on one page.
const ROWS: usize = 100;

/// The rows of one page.
#[derive(Debug)]
pub(super) struct Listed<'a> {
    rows: Vec<(&'a str, Option<&'a Map<String, Value>>)>,
    has_more: bool,
    stored: usize,
}

impl<'a> Listed<'a> {
    /// What is asked for: what is stored, and what else is `known` by its id, from a bound on. Both are in order, so only
    /// what is shown is looked at.
    pub(super) fn of<I: Iterator<Item = &'a str>>(
        table: &'a Table<Arc<str>, Map<String, Value>>,
        known: impl FnOnce(Bound<Arc<str>>) -> I,
        asked: &Asked,
    ) -> Self {
        let find = asked.find.as_str();
        let from = match &asked.after {
            Some(after) => Bound::Excluded(Arc::from(after.as_str())),
            None => Bound::Included(Arc::from(find)),
        };
        let known = known(from.clone()).map(|id| (id, None)).take(ROWS + 1);
        let stored = table.from(from).map(|(id, value)| (&**id, Some(value)));
        let rows: BTreeMap<_, _> = known.chain(stored.take(ROWS + 1)).collect();
        let rows = rows.into_iter().take_while(|(id, _)| id.starts_with(find));
        let mut rows: Vec<_> = rows.take(ROWS + 1).collect();
        let has_more = rows.len() > ROWS;
        rows.truncate(ROWS);
        Self { rows, has_more, stored: table.len() }
    }
}

/// The view. `cells` are those beside the id; `details` are of the open one, with its id.
pub(super) fn listed(
    asked: &Asked,
    things: &str,
    columns: &[(&str, &str)],
    found: &Listed<'_>,
    cells: &dyn Fn(&Map<String, Value>) -> Markup,
    details: Option<(&str, Markup)>,
) -> Markup {
    html! {
        section.tools data-part="tools" data-keep="" {
            form.search action=(asked.path()) method="get" role="search" data-soft="" {
                svg viewBox="0 0 16 16" aria-hidden="true" {
                    circle cx="7" cy="7" r="4.6" {} path d="m10.5 10.5 3.6 3.6" {}
                }
                @let hint = format!("Find {things} whose id begins so");
                input #search type="search" name="q" value=(asked.find) maxlength="200" autocomplete="off"
                    spellcheck="false" placeholder=(hint) aria-label=(hint);
            }
        }
        div.split.opened[details.is_some()] data-part="layout" data-class="" {
            section.card.list data-part="rows" {
                @if found.rows.is_empty() {
                    div.nothing { h2 { "No " (things) } @if !asked.find.is_empty() { p { "None begins so." } } }
                } @else {
                    table.rows {
                        thead { tr { @for (class, label) in columns { th class=(class) scope="col" { (label) } } } }
                        tbody { @for (id, value) in &found.rows {
                            tr data-number="" aria-current=[(asked.open.as_deref() == Some(*id)).then_some("true")] {
                                td.name { a id=(format!("id-{id}")) href=(asked.opening(id)) data-soft="" { (id) } }
                                @match value {
                                    Some(value) => (cells(value)),
                                    None => td.quiet colspan="2" { "known by membership only" },
                                }
                            }
                        } }
                    }
                }
                div.pages {
                    span.quiet { (found.stored) " stored" }
                    @if asked.after.is_some() { a href=(asked.first()) data-soft="" { "First" } }
                    @if let (true, Some((id, _))) = (found.has_more, found.rows.last()) {
                        a href=(asked.past(id)) data-soft="" { "Next" }
                    }
                }
            }
            @if let Some((id, details)) = details {
                aside.card.details #details aria-label="Details" data-part=(format!("open-{id}")) {
                    header {
                        h2 { (id) }
                        a.close #close href=(asked.closed()) data-soft="" aria-label="Close" title="Close (esc)" { "×" }
                    }
                    (details)
                }
            }
        }
    }
}
