//! `on_rejected = "dead_letter_followers"`: what waits behind a rejected event stays behind it, in the dead letters.

use std::num::NonZeroUsize;
use std::time::Duration;

use courier_sink::courier::{Class, Generation};
use courier_sink::finalization::EventStatus::{Delivered, Rejected};
use courier_sink::sink::{CourierSink, DeadLetter, OnRejected, Resume, Settings, Transport};
use courier_sink::telemetry::Rejection;
use futures::stream;

use crate::events::{automate, group, identify, track};
use crate::support::{
    Letters, Notes, Told, channel, context, ok, pass, refused, server, settings, to_class,
};

fn strict() -> Settings {
    let mut settings = settings();
    settings.order.on_rejected = OnRejected::DeadLetterFollowers;
    settings
}

/// A server that refuses profiles after a while.
fn slow_refusals(latency: Duration) -> (impl Transport, Notes) {
    server(move |call| {
        let is_profile = call.request.class() == Class::Profiles;
        if is_profile { (latency, refused()) } else { (Duration::ZERO, ok()) }
    })
}

async fn run(server: impl Transport, events: Vec<String>) -> (Told, Vec<DeadLetter>) {
    let (told, letters) = (Told::default(), Letters::default());
    let sink = CourierSink::new(strict(), server, context(&letters));
    sink.run_on(stream::iter(told.records(events))).await;
    let kept = letters.kept.lock().unwrap().clone();
    (told, kept)
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_become_letters_behind_it_that_name_it_and_others_go_on() {
    let (server, notes) = to_class(Class::Profiles, refused());
    let events = vec![identify("a"), automate("a", "x"), track("b", "y"), track("a", "z")];
    let (told, letters) = run(server, events).await;
    assert_eq!(told.statuses(), [Rejected, Rejected, Delivered, Rejected]);
    assert_eq!(notes.asked().len(), 2);
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason).collect();
    assert_eq!(reasons, [Rejection::Answered, Rejection::Follower, Rejection::Follower]);
    assert_eq!(letters[1].detail, "the event before it in its lane was rejected: a-i");
    let ids = letters.iter().flat_map(|it| &it.event).filter_map(|it| it.message_id.as_deref());
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids, ["a-i", "a-x", "a-z"], "in the order they are to be sent again");
}

#[tokio::test(start_paused = true)]
async fn a_merged_request_that_is_refused_is_split_first() {
    let is_bad = |body: &str| body.contains("bad");
    let (server, notes) = server(move |call| {
        let body = call.request.body().map(|body| body.to_bytes()).unwrap_or_default();
        let is_bad = is_bad(std::str::from_utf8(&body).unwrap());
        (Duration::from_millis(10), if is_bad { refused() } else { ok() })
    });
    let write = |number: usize, name: &str| {
        format!(
            r#"{{"type":"identify","userId":"a","messageId":"{number}","traits":{{"{name}":1}}}}"#
        )
    };
    let mut events = vec![write(0, "first")];
    events.extend([write(1, "good"), write(2, "bad"), write(3, "behind")]);
    let (told, letters) = run(server, events).await;
    assert_eq!(told.statuses(), [Delivered, Delivered, Rejected, Rejected]);
    assert_eq!(notes.asked().len(), 4, "the first, the rest merged, and one by one up to the bad");
    assert_eq!(letters[1].detail, "the event before it in its lane was rejected: 2");
}

#[tokio::test(start_paused = true)]
async fn what_a_follower_has_done_is_in_its_letter_and_its_key_stays() {
    let (server, _) = slow_refusals(Duration::from_secs(1));
    let (told, letters) = run(server, vec![identify("a"), group("a", "g")]).await;
    assert_eq!(told.statuses(), [Rejected; 2]);
    let answer = letters[1].answer.as_ref().unwrap();
    assert_eq!((answer.step, &answer.steps_done[..], answer.status), (1, &[0][..], None));
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_was_sent_before_keeps_its_generation_and_its_steps() {
    let (server, _) = to_class(Class::Profiles, refused());
    let (told, letters) = (Told::default(), Letters::default());
    let resume = Resume { steps_done: vec![0], generation: Generation(3), ..Resume::default() };
    let follower = told.record(1, group("a", "g")).with_resume(resume);
    let records = vec![told.record(0, identify("a")), follower];
    let sink = CourierSink::new(strict(), server, context(&letters));
    sink.run_on(stream::iter(records)).await;
    assert_eq!(told.statuses(), [Rejected; 2]);
    let letter = letters.kept.lock().unwrap()[1].clone();
    let answer = letter.answer.unwrap();
    assert_eq!((answer.step, answer.steps_done, answer.generation), (1, vec![0], Generation(3)));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_an_open_batch_waits_as_well_and_what_comes_later_does_not() {
    let (server, notes) = slow_refusals(Duration::from_millis(100));
    let (told, letters) = (Told::default(), Letters::default());
    let mut settings = strict();
    settings.batch.max_events = NonZeroUsize::new(2);
    settings.batch.timeout = Duration::from_secs(1);
    let (sender, input) = channel();
    let feed = async {
        let mut records = told.records([identify("a"), track("b", "x"), track("a", "y")]);
        records.push(told.record(3, track("a", "z")));
        for record in records {
            sender.send(record).await.unwrap();
            pass(60).await;
        }
        drop(sender);
    };
    let sink = CourierSink::new(settings, server, context(&letters));
    tokio::join!(sink.run_on(input), feed);
    assert_eq!(told.statuses(), [Rejected, Delivered, Rejected, Delivered]);
    assert_eq!(notes.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_never_in_a_lane_has_no_followers() {
    let (server, _) = to_class(Class::Tenants, ok());
    let bad = r#"{"type":"identify","userId":"..","messageId":"1","traits":{"a":1}}"#.to_owned();
    let next = r#"{"type":"track","event":"x","userId":"..","messageId":"2"}"#.to_owned();
    let (told, _) = run(server, vec![bad, next]).await;
    assert_eq!(told.statuses(), [Rejected, Delivered]);
}
