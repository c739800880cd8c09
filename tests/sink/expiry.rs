//! Events that become too old: where they wait, what their letters say, and that nobody else is touched.

use std::time::Duration;

use courier_sink::courier::{Class, Endpoint, Generation};
use courier_sink::delivery::FailureKind;
use courier_sink::finalization::EventStatus::{Delivered, Errored, Rejected};
use courier_sink::sink::{CourierSink, DeadLetter, ExpiresFrom, Resume, Settings, Transport};
use courier_sink::telemetry::Rejection;
use futures::stream;

use crate::events::{group, identify, track};
use crate::support::{
    Letters, NEVER, Notes, Told, context, failed, in_turn, ok, pass, server, settings, to_class,
};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Everything expires after a minute.
fn minute() -> Settings {
    let mut settings = settings();
    settings.expiration.after = Some(seconds(60));
    // Slow servers are to be waited for.
    settings.delivery.timeout = seconds(3600);
    settings
}

/// Runs the sink over `events`: their statuses, and the letters.
async fn ends<S: Transport>(
    settings: Settings,
    server: S,
    events: Vec<String>,
) -> (Told, Vec<DeadLetter>) {
    let (letters, told) = (Letters::default(), Told::default());
    let sink = CourierSink::new(settings, server, context(&letters));
    sink.run_on(stream::iter(told.records(events))).await;
    let kept = letters.kept.lock().unwrap().clone();
    (told, kept)
}

/// `event` with further members.
fn with(event: &str, members: &str) -> String {
    let open = event.strip_suffix('}').unwrap();
    format!("{open},{members}}}")
}

/// Answers everything after so long.
fn slow(latency: u64) -> (impl Transport, Notes) {
    server(move |_| (seconds(latency), ok()))
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_slow_head_expires_in_its_lane_and_what_is_under_way_does_not() {
    let events = vec![track("a", "x"), track("a", "y"), track("b", "z")];
    let (server, notes) = slow(90);
    let (told, letters) = ends(minute(), server, events).await;
    assert_eq!(told.statuses(), [Delivered, Rejected, Delivered]);
    assert_eq!(told.in_order_of_ends()[0].0, 1, "it does not wait for the head to end");
    assert_eq!(notes.asked().len(), 2);
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.reason, Rejection::Expired);
    assert_eq!(letter.detail, "the event was 60 s old and expires after 60 s");
    let answer = letter.answer.as_ref().unwrap();
    assert_eq!((answer.endpoint, answer.step), (Endpoint::InboundRudderStack, 0));
    assert_eq!((answer.status, answer.generation), (None, Generation(0)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_an_hour_expires_what_was_throttled_and_what_waits_for_its_first_try() {
    let mut throttled = failed(FailureKind::Throttled, 429);
    if let Err(failure) = &mut throttled {
        failure.retry_after = Some(seconds(3600));
    }
    let (server, notes) = to_class(Class::Inbound, throttled);
    let events = vec![track("a", "x"), track("b", "y"), identify("c")];
    let mut settings = minute();
    settings.delivery.concurrency =
        courier_sink::delivery::Concurrency::Fixed(std::num::NonZeroUsize::MIN);
    let (told, letters) = ends(settings, server, events).await;
    assert_eq!(told.statuses(), [Rejected, Rejected, Delivered]);
    assert_eq!(notes.asked().len(), 2, "{:?}", notes.asked());
    let mut details: Vec<_> = letters.iter().map(|it| &*it.detail).collect();
    details.sort_unstable();
    assert_eq!(
        details,
        [
            "the event was 60 s old and expires after 60 s",
            "the event was 60 s old and expires after 60 s; last attempt: throttled (status 429): \
             said the server",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hold_keeps_what_may_be_kept_and_expires_the_rest() {
    let (server, _) = to_class(Class::Inbound, failed(FailureKind::Unauthorized, 401));
    let mut settings = settings();
    settings.expiration.by_name.insert("code".to_owned(), seconds(60));
    let letters = Letters::default();
    let told = Told::default();
    let events = [track("a", "code"), track("a", "other"), track("b", "code")];
    let sink = CourierSink::new(settings, server, context(&letters));
    let running = sink.run_on(stream::iter(told.records(events)));
    assert!(tokio::time::timeout(seconds(7200), running).await.is_err());
    assert_eq!(told.statuses(), [Rejected, Errored, Rejected]);
    assert_eq!(letters.kept.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_may_be_too_old_already_is_never_attempted() {
    let old = r#""receivedAt":"2026-11-23T09:00:00Z""#;
    let events = vec![with(&track("a", "x"), old), track("a", "y")];
    let (server, notes) = in_turn(vec![]);
    let (told, letters) = ends(minute(), server, events).await;
    assert_eq!(told.statuses(), [Rejected, Delivered]);
    assert_eq!(notes.asked().len(), 1);
    assert_eq!(letters[0].detail, "the event was 3600 s old and expires after 60 s");
}

#[tokio::test(start_paused = true)]
async fn the_clients_clock_counts_only_where_that_is_wanted() {
    let times = r#""receivedAt":"2026-11-23T09:59:50Z","timestamp":"2026-11-23T09:00:00Z""#;
    for (from, status) in [(ExpiresFrom::ReceivedAt, Delivered), (ExpiresFrom::Timestamp, Rejected)]
    {
        let mut settings = minute();
        settings.expiration.from = from;
        let (server, _) = in_turn(vec![]);
        let (told, _) = ends(settings, server, vec![with(&track("a", "x"), times)]).await;
        assert_eq!(told.statuses(), [status], "{from:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_in_the_future_or_unreadable_counts_as_the_moment_it_came_in() {
    for time in ["2036-01-01T00:00:00Z", "soon"] {
        let late = with(&track("a", "late"), &format!(r#""receivedAt":"{time}""#));
        let (server, notes) = slow(90);
        let (told, _) = ends(minute(), server, vec![track("a", "x"), late]).await;
        assert_eq!(told.statuses(), [Delivered, Rejected], "{time}");
        assert_eq!(notes.asked().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_set_makes_nothing_older_or_younger() {
    let (letters, told) = (Letters::default(), Told::default());
    let (server, _) = slow(50);
    let hours = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(1000));
    let read = std::sync::Arc::clone(&hours);
    let clock = courier_sink::clock::Clock::from_fn(move || {
        seconds(3600 * read.load(std::sync::atomic::Ordering::Relaxed))
    });
    let context = courier_sink::sink::Context { clock, ..context(&letters) };
    let events = [track("a", "x"), track("a", "y"), track("a", "z")];
    let sink = CourierSink::new(minute(), server, context);
    let running = sink.run_on(stream::iter(told.records(events)));
    let operator = async {
        pass(1_000).await;
        hours.store(2000, std::sync::atomic::Ordering::Relaxed);
        pass(1_000).await;
        hours.store(1, std::sync::atomic::Ordering::Relaxed);
    };
    tokio::join!(running, operator);
    assert_eq!(told.statuses(), [Delivered, Delivered, Rejected]);
}

#[tokio::test(start_paused = true)]
async fn of_merged_neighbours_only_the_expired_one_ends() {
    // One at a time: the profiles of `a` wait together behind a slow one, and then for a server that is away.
    let away = std::sync::Mutex::new(0);
    let (server, notes) = server(move |call| {
        if call.request.path().contains("slow") {
            return (seconds(50), ok());
        }
        let mut times = away.lock().unwrap();
        *times += 1;
        (Duration::ZERO, if *times < 5 { failed(FailureKind::Unavailable, 503) } else { ok() })
    });
    let mut settings = minute();
    settings.delivery.concurrency =
        courier_sink::delivery::Concurrency::Fixed(std::num::NonZeroUsize::MIN);
    let young = |event: &str| with(event, r#""receivedAt":"2026-11-23T10:10:00Z""#);
    let old = |event: &str| with(event, r#""receivedAt":"2026-11-23T09:59:54Z""#);
    let events = vec![
        young(&identify("slow")),
        young(&identify("a")),
        old(&identify("a")),
        young(&identify("a")),
    ];
    let (told, letters) = ends(settings, server, events).await;
    assert_eq!(told.statuses(), [Delivered, Delivered, Rejected, Delivered]);
    assert_eq!(letters.len(), 1);
    assert!(letters[0].detail.starts_with("the event was 60 s old"), "{}", letters[0].detail);
    // The slow one; all three at 50, 51 and 53 s; the two that are left at 54 and 55 s.
    assert_eq!(notes.asked().len(), 6, "{:?}", notes.asked());
}

#[tokio::test(start_paused = true)]
async fn of_an_event_that_is_partly_done_the_rest_expires_and_its_letter_says_what_was_done() {
    let (server, _) = to_class(Class::Memberships, failed(FailureKind::Unavailable, 503));
    let (told, letters) = ends(minute(), server, vec![group("u", "g")]).await;
    assert_eq!(told.statuses(), [Rejected]);
    let answer = letters[0].answer.as_ref().unwrap();
    assert_eq!((letters[0].reason, &*answer.steps_done), (Rejection::Expired, &[0][..]));
    assert_eq!((answer.endpoint, answer.step), (Endpoint::PutMembership, 1));
    assert!(letters[0].detail.contains("unavailable (status 503)"), "{}", letters[0].detail);
}

#[tokio::test(start_paused = true)]
async fn a_step_under_way_ends_before_its_event_that_has_expired_does() {
    let (server, notes) = server(|call| {
        let is_tenant = call.request.class() == Class::Tenants;
        (if is_tenant { seconds(40) } else { Duration::ZERO }, ok())
    });
    let (told, letters) = ends(minute(), server, vec![group("u", "g"), track("u", "x")]).await;
    assert_eq!(told.statuses(), [Rejected, Rejected]);
    // The tenant is read until 40 s and written until 80 s; then its user may not join any more.
    let done: Vec<_> =
        letters.iter().map(|it| it.answer.as_ref().unwrap().steps_done.clone()).collect();
    assert_eq!(done, [vec![], vec![0]]);
    assert_eq!(notes.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_ignores_expiry_gets_events_of_any_age() {
    let (letters, told) = (Letters::default(), Told::default());
    let (server, _) = slow(90);
    let resume = Resume { ignores_expiry: true, ..Resume::default() };
    let old = with(&track("a", "x"), r#""receivedAt":"2026-11-23T09:00:00Z""#);
    let records = told.records([old.clone(), old]).into_iter();
    let records = records.map(|record| record.with_resume(resume.clone()));
    let sink = CourierSink::new(minute(), server, context(&letters));
    sink.run_on(stream::iter(records)).await;
    assert_eq!(told.statuses(), [Delivered, Delivered]);
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nothing_is_ever_too_old() {
    let (server, _) = server(|_| (NEVER, ok()));
    let told = Told::default();
    let mut settings = settings();
    settings.delivery.timeout = NEVER;
    settings.order.max_wait = NEVER;
    let old = with(&track("a", "x"), r#""receivedAt":"1999-01-01T00:00:00Z""#);
    let sink = crate::support::sink(settings, server);
    let running = sink.run_on(stream::iter(told.records([old.clone(), old])));
    assert!(tokio::time::timeout(seconds(86_400), running).await.is_err());
    assert_eq!(told.statuses(), [Errored, Errored]);
}
