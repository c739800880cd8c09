//! What is counted equals what happened, and what keeps the sink from going faster is named rightly.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use courier_sink::delivery::{Concurrency, Failure, FailureKind, Rate};
use courier_sink::sink::{CourierSink, Life, Lifetimes, Settings, Snapshot, Transport};
use courier_sink::telemetry::{Component, Constraint, Tally, names};
use futures::stream;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::time::Instant;

use crate::events::{identify, skipped, track};
use crate::support::{
    Answered, Letters, Told, channel, context, failed, in_turn, ok, pass, refused, server,
    settings, sink, unavailable,
};

/// Runs a sink over `events` with a recorder: what counters say, and the names of all that was told.
async fn counted<S: Transport>(
    settings: Settings,
    server: S,
    events: Vec<String>,
) -> (BTreeMap<String, u64>, BTreeSet<String>) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let tally = Arc::new(Tally::new(Component::sink("main", "https://api.courier.com")));
    let letters = Letters::default();
    let context = courier_sink::sink::Context { tally, ..context(&letters) };
    let told = Told::default();
    let sink = CourierSink::new(settings, server, context);
    sink.run_on(stream::iter(told.records(events))).await;
    let (mut counts, mut named) = (BTreeMap::new(), BTreeSet::new());
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        named.insert(key.name().to_owned());
        let own = key.labels().filter(|label| !label.key().starts_with("component_"));
        let own: Vec<_> = own.map(|label| label.value().to_owned()).collect();
        assert_eq!(key.labels().count(), own.len() + 3, "{key:?} says whose it is");
        if let DebugValue::Counter(count @ 1..) = value {
            counts.insert(format!("{} {}", key.name(), own.join(" ")).trim().to_owned(), count);
        }
    }
    (counts, named)
}

#[track_caller]
fn expect(counts: &BTreeMap<String, u64>, expected: &[(&str, u64)]) {
    for (name, count) in expected {
        assert_eq!(counts.get(*name).copied().unwrap_or(0), *count, "{name} of {counts:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_end_is_counted_once_and_by_its_reason() {
    let answers = vec![unavailable(), ok(), refused(), ok()];
    let (server, _) = in_turn(answers);
    let mut settings = settings();
    settings.delivery.concurrency = Concurrency::Fixed(NonZeroUsize::MIN);
    let events =
        vec![identify("ann"), identify("bob"), identify("cem"), skipped(), "nonsense".to_owned()];
    let bytes: usize = events.iter().map(String::len).sum();
    let delivered = 2 * events[0].len();
    let (counts, _) = counted(settings, server, events).await;
    expect(
        &counts,
        &[
            ("component_received_events_total", 5),
            ("component_received_event_bytes_total", u64::try_from(bytes).unwrap()),
            ("component_sent_events_total", 2),
            ("component_sent_event_bytes_total", u64::try_from(delivered).unwrap()),
            ("component_sent_bytes_total https://api.courier.com https", 2 * 19),
            ("component_discarded_events_total true", 1),
            ("component_discarded_events_total false", 2),
            ("component_errors_total parser_failed processing", 1),
            ("component_errors_total request_failed sending", 1),
            ("courier_sink_events_total identify", 3),
            ("courier_sink_skipped_events_total unsupported", 1),
            ("courier_sink_dead_letters_total unreadable", 1),
            ("courier_sink_dead_letters_total answered", 1),
            ("courier_sink_retries_total", 1),
            ("courier_sink_failed_attempts_total unavailable", 1),
            ("courier_sink_deliveries_total profiles delivered", 2),
            ("courier_sink_deliveries_total profiles rejected", 1),
            ("courier_sink_returned_events_total", 0),
            ("http_client_requests_sent_total POST", 4),
            ("http_client_responses_total 202", 2),
            ("http_client_responses_total 400", 1),
            ("http_client_responses_total 503", 1),
            ("buffer_received_events_total main memory 1", 4),
            ("buffer_sent_events_total main memory 1", 4),
        ],
    );
    let inside = |name: &str| counts[&format!("{name} main memory 1")];
    assert_eq!(inside("buffer_received_bytes_total"), inside("buffer_sent_bytes_total"));
    assert!(
        inside("buffer_received_bytes_total") > u64::try_from(bytes - skipped().len()).unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_counted_as_a_hold_and_what_is_given_back_as_returned() {
    let denied = || failed(FailureKind::Unauthorized, 401);
    let (server, _) = in_turn(vec![denied(), denied(), ok()]);
    let (counts, _) = counted(settings(), server, vec![identify("ann")]).await;
    expect(
        &counts,
        &[
            ("courier_sink_holds_total unauthorized", 1),
            ("component_sent_events_total", 1),
            ("component_errors_total authentication_failed sending", 0),
            ("http_client_responses_total 401", 2),
        ],
    );
    let mut once = settings();
    once.delivery.retry.attempts = 0;
    let silence = || Err(Failure::without_answer(FailureKind::Network, "cut"));
    let (server, _) = in_turn(vec![silence()]);
    let (counts, _) = counted(once, server, vec![identify("ann")]).await;
    expect(
        &counts,
        &[
            ("courier_sink_returned_events_total", 1),
            ("component_errors_total connection_failed sending", 1),
            ("http_client_errors_total network", 1),
            ("component_discarded_events_total false", 0),
            ("component_sent_events_total", 0),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn what_became_too_old_is_counted_as_expired() {
    let mut settings = settings();
    settings.expiration.after = Some(Duration::from_secs(5));
    let (server, _) = server(|_| (Duration::from_secs(10), ok()));
    let events = vec![track("ann", "x"), track("ann", "y")];
    let (counts, _) = counted(settings, server, events).await;
    expect(
        &counts,
        &[
            ("component_sent_events_total", 1),
            ("courier_sink_dead_letters_total expired", 1),
            ("component_errors_total condition_failed sending", 1),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn every_name_there_is_is_told_and_no_other() {
    let throttled = || failed(FailureKind::Throttled, 429);
    let silence = || Err(Failure::without_answer(FailureKind::Network, "cut"));
    let denied = || failed(FailureKind::Unauthorized, 401);
    let (server, _) = in_turn(vec![throttled(), silence(), denied(), refused(), ok()]);
    let (_, told) = counted(settings(), server, vec![identify("a"), identify("b")]).await;
    let there_is: BTreeSet<_> = names::ALL.iter().map(|metric| metric.name.to_owned()).collect();
    // Told by the program, of buffers on disk only.
    let missing: Vec<_> = there_is.difference(&told).collect();
    let on_disk = [
        "buffer_discarded_bytes_total",
        "buffer_discarded_events_total",
        "buffer_errors_total",
        "buffer_send_duration_seconds",
    ];
    assert_eq!(missing, on_disk);
    assert_eq!(told.difference(&there_is).count(), 0, "{told:?}");
}

/// How a sink stands `after` so long with `events`, over a server that answers after `latency` seconds.
async fn stands(
    settings: Settings,
    events: Vec<String>,
    latency: u64,
    answer: Answered,
    after: Duration,
) -> Snapshot {
    let (server, _) = server(move |_| (Duration::from_secs(latency), answer.clone()));
    let (sender, records) = channel();
    let sink = sink(settings, server);
    let inspector = sink.inspector();
    let told = Told::default();
    for record in told.records(events) {
        sender.try_send(record).unwrap();
    }
    tokio::select! {
        () = sink.run_on(records) => panic!("its input has not ended"),
        snapshot = async {
            tokio::time::sleep(after).await;
            inspector.look().await.unwrap()
        } => snapshot,
    }
}

/// One identify for each of so many users.
fn users(count: usize) -> Vec<String> {
    (0..count).map(|user| identify(&format!("u{user}"))).collect()
}

/// `limit` a second, one at a time.
fn rate(limit: u32) -> Rate {
    let limit = NonZeroU32::new(limit).unwrap();
    Rate { limit, per: Duration::from_secs(1), burst: NonZeroU32::MIN }
}

#[tokio::test(start_paused = true)]
async fn each_constraint_is_named_rightly() {
    let soon = Duration::from_millis(500);
    let is = async |settings, events, latency, answer| {
        stands(settings, events, latency, answer, soon).await.constraint
    };
    let denied = || failed(FailureKind::Unauthorized, 401);
    assert_eq!(is(settings(), users(3), 0, denied()).await, Constraint::Hold);
    let throttled = Err(Failure {
        retry_after: Some(Duration::from_secs(60)),
        ..failed(FailureKind::Throttled, 429).unwrap_err()
    });
    assert_eq!(is(settings(), users(3), 0, throttled).await, Constraint::Pause);
    let mut paced = settings();
    paced.delivery.rate = Some(rate(1));
    assert_eq!(is(paced, users(3), 0, ok()).await, Constraint::Rate);
    let mut classes = settings();
    classes.delivery.class_rates[0] = Some(rate(1));
    assert_eq!(is(classes, users(3), 0, ok()).await, Constraint::Rate);
    let mut narrow = settings();
    narrow.delivery.concurrency = Concurrency::Fixed(NonZeroUsize::MIN);
    assert_eq!(is(narrow, users(3), 10, ok()).await, Constraint::Concurrency);
    assert_eq!(is(settings(), users(1), 0, unavailable()).await, Constraint::Retry);
    let ordered = vec![track("ann", "x"), track("ann", "y")];
    assert_eq!(is(settings(), ordered, 10, ok()).await, Constraint::Order);
    let mut small = settings();
    small.buffer.max_events = NonZeroUsize::new(2).unwrap();
    assert_eq!(is(small, users(5), 10, ok()).await, Constraint::Buffer);
    let mut gathering = settings();
    gathering.batch.max_events = None;
    gathering.batch.timeout = Duration::from_secs(60);
    assert_eq!(is(gathering, users(1), 0, ok()).await, Constraint::Batch);
    assert_eq!(is(settings(), Vec::new(), 0, ok()).await, Constraint::Source);
    assert_eq!(is(settings(), users(3), 10, ok()).await, Constraint::Source, "all is under way");
}

#[tokio::test(start_paused = true)]
async fn once_the_pace_is_steady_the_end_is_foretold_within_a_tenth() {
    let mut paced = settings();
    paced.delivery.rate = Some(rate(7));
    paced.buffer.max_events = NonZeroUsize::new(2000).unwrap();
    let (server, _) = server(|_| (Duration::from_millis(300), ok()));
    let sink = sink(paced, server);
    let inspector = sink.inspector();
    let records = Told::default().records(users(1000));
    let start = Instant::now();
    let run = async {
        sink.run_on(stream::iter(records)).await;
        start.elapsed().as_secs_f64()
    };
    let ask = async {
        pass(20_000).await;
        let now = inspector.look().await.unwrap();
        let pace = now.pace.unwrap();
        let left = f64::from(u32::try_from(now.events).unwrap());
        (start.elapsed().as_secs_f64() + left / pace.delivered, now)
    };
    let (ended, (foretold, now)) = tokio::join!(run, ask);
    assert!((foretold / ended - 1.0).abs() < 0.1, "foretold {foretold}, was {ended}");
    assert_eq!(now.oldest_age.map(|age| age.as_secs()), Some(20));
    assert!(inspector.look().await.is_none(), "it does not run any more");
}

#[tokio::test(start_paused = true)]
async fn those_that_will_be_too_old_before_their_turn_are_counted() {
    let mut paced = settings();
    paced.delivery.rate = Some(rate(1));
    paced.expiration.after = Some(Duration::from_secs(60));
    let now = stands(paced, users(100), 0, ok(), Duration::from_secs(20)).await;
    // Sixty go before they are too old, and forty do not.
    let expiring = now.expiring.unwrap();
    assert!((37..=43).contains(&expiring), "{expiring}");
    let Lifetimes { limited, sample } = now.lifetimes;
    assert!((limited - 1.0).abs() < f64::EPSILON, "{limited}");
    assert!((40..=100).contains(&sample.len()), "{}", sample.len());
    let whole = Life::Inside(Duration::from_secs(60));
    assert!(sample.iter().all(|life| *life == whole), "they tell no time: {sample:?}");
    let mut dated = settings();
    dated.delivery.rate = Some(rate(1));
    dated.expiration.after = Some(Duration::from_secs(60));
    // Ten seconds before the clock of these tests begins.
    let received = r#"{"receivedAt":"2026-11-23T09:59:50Z","#;
    let events = users(50).into_iter().map(|event| event.replacen('{', received, 1)).collect();
    let now = stands(dated, events, 0, ok(), Duration::from_secs(20)).await;
    let left = Life::Since(Duration::from_secs(30));
    assert!(now.lifetimes.sample.iter().all(|life| *life == left), "{:?}", now.lifetimes);
    assert!(!now.lifetimes.sample.is_empty());
    let mut patient = settings();
    patient.delivery.rate = Some(rate(1));
    let now = stands(patient, users(100), 0, ok(), Duration::from_secs(20)).await;
    assert_eq!(now.expiring, Some(0));
}
