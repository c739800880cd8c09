//! Which rows a list shows, as its address says: type, outcome, search, and before which row.

use std::fmt::Write as _;

use memchr::memmem;

use super::frame::encoded;
use super::row::Row;
use crate::event::EventType;

/// Security: a search runs over every payload, so what is searched for has an end.
const MAX_SEARCH_CHARS: usize = 200;

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) kind: Option<EventType>,
    /// Only what came to this sink
    pub(crate) sink: Option<String>,
    /// Only what was refused
    pub(crate) refused: bool,
    /// Text in the name, the user, a path (without regard to case) or the payload (with regard to it, as it was sent)
    pub(crate) search: String,
    /// Older than this row
    pub(crate) before: Option<u64>,
    /// The row whose details are shown
    pub(crate) open: Option<u64>,
}

impl Filter {
    /// Reads an address's query; what it does not know it leaves out.
    pub(crate) fn of(fields: &[(String, String)]) -> Self {
        let field = |name: &str| fields.iter().find(|(found, _)| found == name);
        let text = |name: &str| field(name).map(|(_, value)| value.as_str()).unwrap_or_default();
        let kind = EventType::ALL.into_iter().find(|kind| kind.as_str() == text("type"));
        Self {
            kind,
            sink: Some(text("sink")).filter(|sink| !sink.is_empty()).map(str::to_owned),
            refused: text("outcome") == "refused",
            search: text("q").trim().chars().take(MAX_SEARCH_CHARS).collect(),
            before: text("before").parse().ok(),
            open: text("open").parse().ok(),
        }
    }

    /// The query it was read from, empty where nothing is asked for.
    pub(crate) fn query(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            let before = if query.is_empty() { '?' } else { '&' };
            write!(query, "{before}{name}={}", encoded(value)).expect("a String takes every write");
        };
        if let Some(kind) = self.kind {
            add("type", kind.as_str());
        }
        if let Some(sink) = &self.sink {
            add("sink", sink);
        }
        if self.refused {
            add("outcome", "refused");
        }
        if !self.search.is_empty() {
            add("q", &self.search);
        }
        if let Some(before) = self.before {
            add("before", &before.to_string());
        }
        if let Some(open) = self.open {
            add("open", &open.to_string());
        }
        query
    }

    /// Whether every row matches.
    pub(super) fn takes_all(&self) -> bool {
        let Self { kind, sink, refused, search, before: _, open: _ } = self;
        kind.is_none() && sink.is_none() && !refused && search.is_empty()
    }

    pub(super) fn matches(&self, row: &Row) -> bool {
        self.kind.is_none_or(|kind| kind == row.kind)
            && self.sink.as_ref().is_none_or(|sink| row.sink.as_deref() == Some(sink))
            && (!self.refused || row.outcome.is_refused())
            && (self.search.is_empty() || self.is_found(row))
    }

    fn is_found(&self, row: &Row) -> bool {
        let texts = row.name.iter().chain(&row.user).map(AsRef::as_ref);
        let mut texts = texts.chain(row.requests.iter().map(|request| request.path.as_ref()));
        texts.any(|text| contains(text, &self.search))
            || memmem::find(&row.payload, self.search.as_bytes()).is_some()
    }
}

/// Whether `text` has `part` in it, without regard to the case of ASCII letters.
fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|found| found.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::super::browser::fields;
    use super::super::row::{Outcome, Request};
    use super::*;

    fn row() -> Row {
        Row {
            number: 1,
            at: Duration::ZERO,
            sink: Some("a".into()),
            kind: EventType::Track,
            label: "track",
            name: Some("Order Completed".into()),
            user: Some("Ann".into()),
            outcome: Outcome::Answered(202),
            requests: vec![Request { method: "POST".into(), path: "/inbound/rudderstack".into() }],
            facts: Vec::new(),
            payload: Bytes::from_static(b"{\"sku\":\"A-17\"}"),
        }
    }

    #[test]
    fn a_search_looks_at_names_users_paths_and_payloads() {
        for (search, is_found) in
            [("order c", true), ("ANN", true), ("rudder", true), ("A-17", true), ("a-17", false)]
        {
            let filter = Filter { search: search.to_owned(), ..Filter::default() };
            assert_eq!(filter.matches(&row()), is_found, "{search}");
        }
    }

    #[test]
    fn what_was_refused_can_be_asked_for() {
        let filter = Filter { refused: true, ..Filter::default() };
        assert!(!filter.matches(&row()));
        assert!(filter.matches(&Row { outcome: Outcome::Answered(400), ..row() }));
        assert!(!filter.matches(&Row { outcome: Outcome::Waiting, ..row() }));
        assert!(filter.matches(&Row { outcome: Outcome::Errored, ..row() }));
        assert!(!filter.matches(&Row { outcome: Outcome::Delivered, ..row() }));
    }

    #[test]
    fn one_sink_can_be_asked_for() {
        for (sink, is_found) in [("a", true), ("b", false)] {
            let filter = Filter { sink: Some(sink.to_owned()), ..Filter::default() };
            assert_eq!(filter.matches(&row()), is_found, "{sink}");
        }
    }

    #[test]
    fn a_query_is_read_back_from_what_was_written() {
        let filter = Filter {
            kind: Some(EventType::Group),
            sink: Some("a-b".to_owned()),
            refused: true,
            search: "a&b=c \"<é".to_owned(),
            before: Some(7),
            open: Some(9),
        };
        let query = filter.query();
        let fields = fields(query.trim_start_matches('?').as_bytes());
        assert_eq!(Filter::of(&fields), filter);
        assert_eq!(Filter::default().query(), "");
    }
}
