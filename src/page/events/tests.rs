//! Foreign text in the list, and very many events behind it.

use bytes::Bytes;

use super::super::row::Request;
use super::*;

const FRAME: Frame = Frame {
    base: "/p",
    title: "t",
    subtitle: String::new(),
    tabs: &[],
    waiting: "w",
    refused: "r",
    sinks: Vec::new(),
};

fn shown(row: Row, query: &[(String, String)]) -> String {
    let mut feed = Feed::default();
    feed.push(row);
    let filter = Filter::of(query);
    events(&FRAME, &feed, &filter, Duration::ZERO, &|_| html! { "ours" }).into_string()
}

#[test]
fn whatever_an_event_holds_is_shown_as_text() {
    let hostile = "\"><script>alert(1)</script>";
    let row = Row {
        number: 1,
        at: Duration::ZERO,
        sink: None,
        kind: EventType::Track,
        label: "track",
        name: Some(hostile.into()),
        user: Some(hostile.into()),
        outcome: Outcome::Answered(202),
        requests: vec![Request { method: hostile.into(), path: hostile.into() }],
        facts: vec![("Key", hostile.into())],
        payload: Bytes::from_static(b"\"><script>alert(1)</script>"),
    };
    let query = [("open", "1"), ("q", "\"><script>")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    let page = shown(row, &query);
    assert!(page.contains("ours") && page.contains("&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script>"), "{page}");
}

#[test]
fn numbers_are_grouped_by_thousands() {
    let texts = [0, 999, 1_000, 1_234_567].map(grouped);
    assert_eq!(texts, ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
}

/// A feed as full as feeds get; others went by unseen.
fn full() -> Feed {
    let mut feed = Feed::default();
    for number in 0..100_000_u64 {
        feed.push(Row {
            number,
            at: Duration::from_secs(number / 1_000),
            sink: None,
            kind: EventType::Track,
            label: "track",
            name: Some("Product Viewed".into()),
            user: Some(format!("user_{number}").into()),
            outcome: Outcome::Answered(if number % 10 == 0 { 400 } else { 202 }),
            requests: vec![Request { method: "POST".into(), path: "/inbound/rudderstack".into() }],
            facts: Vec::new(),
            payload: Bytes::from_static(br#"{"needle":1}"#),
        });
    }
    feed.miss(7);
    feed
}

#[test]
fn with_a_hundred_thousand_events_a_view_is_as_long_as_with_a_hundred() {
    let feed = full();
    let now = Duration::from_secs(100);
    for (query, said) in [
        (vec![], "100\u{202f}000 kept, 7 went by unseen"),
        (vec![("q", "needle")], "100\u{202f}000 kept"),
        (vec![("q", "user_99999")], "1 of 100\u{202f}000 kept"),
        (vec![("q", "absent")], "Nothing matches"),
        (vec![("outcome", "refused"), ("q", "product")], "10\u{202f}000 of 100\u{202f}000 kept"),
        (vec![("type", "group")], "Nothing matches"),
        (vec![("before", "5000"), ("open", "3")], "100\u{202f}000 kept"),
    ] {
        let fields = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let filter = Filter::of(&fields.collect::<Vec<_>>());
        let view = events(&FRAME, &feed, &filter, now, &|_| html! {}).into_string();
        assert!(view.contains(said), "{query:?}: {view}");
        assert!(view.matches("<tr data-number").count() <= ROWS, "{query:?}");
        assert!(view.len() < 100_000, "{query:?} takes {} bytes", view.len());
    }
}
