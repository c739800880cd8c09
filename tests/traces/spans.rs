//! One span an event, one an attempt, with what it waited for: a 429, a 500, a merge, a refusal, and what is never sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::clock::Clock;
use courier_sink::config::{Config, CourierConfig};
use courier_sink::delivery::{Answer, Call, Failure, FailureKind, Outcome, Receipt};
use courier_sink::runner::traces::Traces;
use courier_sink::sink::{Context, CourierSink, LogOnly, Record};
use futures::stream;
use tracing_subscriber::layer::SubscriberExt;

use crate::collector::{Collector, Got};

const EVENTS: [&str; 8] = [
    r#"{"type":"identify","userId":"id-ann","messageId":"message-1","traits":{"secret":"payload-1"}}"#,
    r#"{"type":"identify","userId":"id-ben","messageId":"message-2","traits":{"secret":"payload-2"}}"#,
    r#"{"type":"identify","userId":"id-ben","messageId":"message-3","traits":{"other":"payload-3"}}"#,
    r#"{"type":"track","userId":"id-cat","messageId":"message-4","event":"payload-4"}"#,
    r#"{"type":"identify","userId":"id-dan","messageId":"message-5","traits":{"a":"payload-5"}}"#,
    r#"{"type":"page","userId":"id-eve","messageId":"message-6","name":"payload-6"}"#,
    r#"{"type":"identify","userId":"id-fay","messageId":"#,
    r#"{"type":"track","userId":"id-cat","messageId":"message-8","event":"payload-8"}"#,
];

/// Courier: of the first attempts at each path one is throttled, one fails, and one is refused for good.
fn courier(call: &Call, seen: &Mutex<BTreeMap<String, u32>>) -> Result<Receipt, Failure> {
    let path = call.request.path();
    let number = {
        let mut seen = seen.lock().expect("nobody panics with it");
        let number = seen.entry(path.clone()).or_default();
        *number += 1;
        *number
    };
    let failure = |kind, status, retry_after| {
        let excerpt = "answer-secret".to_owned();
        let answer = Some(Answer { status, excerpt, stored: false });
        Failure { answer, retry_after, ..Failure::without_answer(kind, "detail-secret") }
    };
    match (path.as_str(), number) {
        ("/profiles/id-ann", 1) => {
            Err(failure(FailureKind::Throttled, 429, Some(Duration::from_secs(7))))
        }
        ("/inbound/rudderstack", 1) => Err(failure(FailureKind::Unavailable, 500, None)),
        ("/profiles/id-dan", _) => Err(failure(FailureKind::Refused, 400, None)),
        _ => Ok(Receipt { status: 202, outcome: Outcome::Accepted, body: "{}".into() }),
    }
}

/// What a collector gets of [`EVENTS`], if this part of them is sampled.
fn traced(sample_ratio: f64) -> Collector {
    let collector = Collector::start();
    let text = format!(
        "[traces]\nendpoint = 'http://{}'\nheaders = {{ x-key = 'header-secret' }}\nsample_ratio = {sample_ratio:?}\n\
         [sources.in]\ntype = 'stdin'\n[sinks.out]\ntype = 'courier'\ninputs = ['in']\napi_key = 'pk_secret'",
        collector.address
    );
    let config = Config::parse(&text, "config.toml", &|_| None).expect("it is right");
    // In real time, while the sink's is made up.
    let entered = collector.runtime.enter();
    let (layer, traces) =
        Traces::start(&config.traces.expect("the block is there")).expect("it starts");
    drop(entered);
    let subscriber = tracing_subscriber::registry().with(layer);
    let block = "api_key = 'pk_secret'\nbatch.timeout_secs = 1";
    let settings =
        CourierConfig::from_toml("courier", block, &|_| None).expect("it is right").settings;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let clock = Clock::from_fn(|| Duration::from_secs(1_000_000));
            let context =
                Context { dead_letters: Arc::new(LogOnly), tally: Arc::default(), seed: 7, clock };
            let seen = Arc::<Mutex<_>>::default();
            let transport =
                tower::service_fn(move |call| std::future::ready(courier(&call, &seen)));
            let records = (1..).zip(EVENTS).map(|(chance, text)| Record::new(text, chance));
            let sink = CourierSink::new(settings, transport, context);
            sink.run_on(stream::iter(records.collect::<Vec<_>>())).await;
        });
    });
    collector.runtime.block_on(traces.end(Duration::from_secs(60)));
    collector
}

/// The spans of events, and those of attempts in the order they began.
fn sorted(collector: &Collector) -> (Vec<Got>, Vec<Got>) {
    let mut spans = collector.spans();
    spans.sort_by_key(|span| (span.start, span.end));
    spans.into_iter().partition(|span| span.parent.is_empty())
}

#[test]
fn every_event_has_a_span_that_says_how_it_ended() {
    let (events, _) = sorted(&traced(1.0));
    let said = |span: &Got| {
        assert_eq!((span.name.as_str(), span.kind), ("deliver", 5));
        assert_eq!(span.resource["service.name"], "courier-sink");
        assert_eq!(span.is_error, !span.get("error.type").is_empty());
        let names =
            ["courier_sink.event.type", "courier_sink.status", "courier_sink.reason", "error.type"];
        names.map(|name| span.get(name).to_owned()).join(" ").trim_end().to_owned()
    };
    assert_eq!(
        events.iter().map(said).collect::<Vec<_>>(),
        [
            "identify delivered",
            "identify delivered",
            "identify delivered",
            "track delivered",
            "identify rejected answered refused",
            "page delivered unsupported",
            " rejected unreadable unreadable",
            "track delivered",
        ]
    );
}

#[test]
fn every_attempt_is_a_child_that_says_what_it_waited_for_and_links_to_what_it_carries() {
    let (events, attempts) = sorted(&traced(1.0));
    let [ann, ben, ben_again, cat, dan, .., cat_again] = events.as_slice() else {
        panic!("{events:#?}")
    };
    let of = |event: &Got| -> Vec<Got> {
        attempts.iter().filter(|attempt| attempt.parent == event.id).cloned().collect()
    };
    let names = [
        "courier_sink.attempt",
        "http.response.status_code",
        "error.type",
        "courier_sink.waited_for",
    ];
    let said = |span: &Got| {
        assert_eq!((span.kind, span.is_error), (3, !span.get("error.type").is_empty()));
        names.map(|name| span.get(name).to_owned()).join(" ")
    };
    let all = |event| of(event).iter().map(said).collect::<Vec<_>>();
    assert_eq!(all(ann), ["1 429 throttled ", "2 202  pause"]);
    assert_eq!(all(ben), ["1 202  pause"]);
    assert_eq!(all(ben_again), [""; 0]);
    assert_eq!(all(cat), ["1 500 unavailable ", "2 202  retry"]);
    // Those before it in its class were paused; once they went, it did not wait itself.
    assert_eq!(all(dan), ["1 400 refused turn"]);
    assert_eq!(all(cat_again), ["1 202  order"]);
    assert_eq!(attempts.len(), 7);

    let [_, paused] = of(ann).try_into().unwrap();
    assert_eq!(paused.get("courier_sink.wait.pause_ms"), "7000");
    assert_eq!(paused.name, "POST /profiles/{user_id}");
    assert_eq!(paused.get("courier_sink.class"), "profiles");
    let [merged] = of(ben).try_into().unwrap();
    assert_eq!(merged.links, std::slice::from_ref(&ben_again.id));
    assert_eq!(merged.get("messaging.batch.message_count"), "2");
    let [_, repeated] = of(cat).try_into().unwrap();
    let [behind] = of(cat_again).try_into().unwrap();
    // It waited in its lane for as long as the one before it did for its second attempt.
    let backoff = repeated.get("courier_sink.wait.retry_ms");
    assert_eq!(behind.get("courier_sink.wait.order_ms"), backoff);
}

#[test]
fn nothing_that_is_sent_tells_who_what_or_with_which_key() {
    let collector = traced(1.0);
    let raw = collector.raw();
    assert!(raw.contains("courier_sink.status"));
    for part in ["id-", "message-", "payload-", "secret", "pk_"] {
        assert!(!raw.contains(part), "{part} in {raw}");
    }
    let requests = collector.requests.lock().unwrap();
    assert!(requests.iter().all(|(headers, _)| headers["x-key"] == "header-secret"));
}

#[test]
fn what_is_not_sampled_is_not_sent() {
    assert!(traced(0.0).requests.lock().unwrap().is_empty());
}
