//! How an event ends, for each way its requests can.

use courier_sink::courier::{Class, Endpoint};
use courier_sink::delivery::{FailureKind, Outcome};
use courier_sink::event::{EventType, Origin, Seed, Trust};
use courier_sink::finalization::EventStatus::{self, Delivered, Errored, Rejected};
use courier_sink::sink::{CourierSink, DeadLetter, Payload, Record, Settings};
use courier_sink::telemetry::{Rejection, Totals};
use futures::stream;

use crate::events::{automate, group, identify, skipped, track};
use crate::support::{
    Answered, Letters, Told, context, failed, in_turn, no_retries, ok, receipt, refused, settings,
    to_class, unavailable,
};

/// Runs one record against answers given in turn; its status, the letters, and the counts.
async fn ends(
    settings: Settings,
    record: impl Into<String>,
    answers: Vec<Answered>,
) -> (EventStatus, Vec<DeadLetter>, Totals) {
    let (letters, told) = (Letters::default(), Told::default());
    let (server, _) = in_turn(answers);
    let context = context(&letters);
    let tally = std::sync::Arc::clone(&context.tally);
    let input = stream::iter(told.records([record]));
    CourierSink::new(settings, server, context).run_on(input).await;
    let statuses = told.statuses();
    assert_eq!(statuses.len(), 1, "once");
    let kept = letters.kept.lock().unwrap().clone();
    (statuses[0], kept, tally.totals())
}

#[tokio::test(start_paused = true)]
async fn what_courier_accepts_or_has_already_is_delivered() {
    for outcome in [Outcome::Accepted, Outcome::Duplicate] {
        let (status, letters, totals) =
            ends(settings(), track("u", "x"), vec![Ok(receipt(outcome))]).await;
        assert_eq!((status, letters.len(), totals.delivered), (Delivered, 0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_journey_filters_is_delivered_and_counted_as_skipped() {
    let filtered = vec![Ok(receipt(Outcome::Filtered))];
    let (status, _, totals) = ends(settings(), track("u", "x"), filtered).await;
    assert_eq!((status, totals.delivered), (Delivered, 0));
    assert_eq!(totals.skipped.get("filtered"), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn what_means_nothing_to_courier_is_delivered_without_a_request() {
    let (status, letters, totals) = ends(settings(), skipped(), vec![]).await;
    assert_eq!((status, letters.len()), (Delivered, 0));
    assert!(totals.requests.is_empty());
    assert_eq!(totals.skipped.get("unsupported"), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn what_courier_refuses_is_rejected_with_a_letter_that_says_everything() {
    let event = identify("ann");
    let (status, letters, totals) = ends(settings(), event.clone(), vec![refused()]).await;
    assert_eq!(status, Rejected);
    assert_eq!(totals.rejected.get("answered"), Some(&1));
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.reason, Rejection::Answered);
    assert_eq!(letter.detail, "refused (status 400): said the server");
    assert_eq!(letter.record, event);
    let identity = letter.event.as_ref().unwrap();
    assert_eq!(identity.kind, Some(EventType::Identify));
    assert_eq!(identity.message_id.as_deref(), Some("ann-i"));
    assert_eq!(identity.user.as_deref(), Some("ann"));
    let answer = letter.answer.as_ref().unwrap();
    assert_eq!((answer.endpoint, answer.step), (Endpoint::PostProfile, 0));
    assert_eq!((answer.status, &*answer.steps_done), (Some(400), &[][..]));
    assert_eq!(answer.excerpt.as_deref(), Some("{\"message\":\"no\"}"));
    assert!(!format!("{letter:?}").contains("ann"), "Debug keeps what is personal");
}

#[tokio::test(start_paused = true)]
async fn a_letter_names_the_step_that_failed_and_those_that_were_done() {
    let answers = vec![ok(), ok(), refused()];
    let (status, letters, _) = ends(settings(), group("u", "g"), answers).await;
    assert_eq!(status, Rejected);
    let answer = letters[0].answer.as_ref().unwrap();
    assert_eq!((answer.endpoint, answer.step), (Endpoint::PutMembership, 1));
    assert_eq!(answer.steps_done, [0]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_become_a_request_is_rejected_with_its_reason() {
    let (status, letters, _) = ends(settings(), identify(".."), vec![]).await;
    assert_eq!((status, letters[0].reason), (Rejected, Rejection::Refused));
    assert!(letters[0].detail.contains("userId"), "{}", letters[0].detail);
    let (status, letters, totals) = ends(settings(), "not an event", vec![]).await;
    assert_eq!((status, letters[0].reason), (Rejected, Rejection::Unreadable));
    assert_eq!((totals.unreadable, &letters[0].record[..]), (1, &b"not an event"[..]));
    assert!(letters[0].detail.starts_with("not valid JSON"), "{}", letters[0].detail);
    let several = format!("[{},7]", skipped());
    let (_, letters, _) = ends(settings(), several, vec![]).await;
    assert_eq!((letters.len(), &letters[0].record[..]), (1, &b"7"[..]));
    assert_eq!(letters[0].detail, "event 2: an event must be a JSON object, was a number");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_rejected() {
    let unreadable_tenant = vec![Ok(courier_sink::delivery::Receipt {
        body: "<html>".into(),
        ..receipt(Outcome::Accepted)
    })];
    let (status, letters, _) = ends(settings(), group("u", "g"), unreadable_tenant).await;
    assert_eq!((status, letters[0].reason), (Rejected, Rejection::Unsendable));
    assert_eq!(letters[0].answer.as_ref().unwrap().status, None);
}

#[tokio::test(start_paused = true)]
async fn exhausted_is_not_rejected() {
    for kind in [
        FailureKind::Unavailable,
        FailureKind::Throttled,
        FailureKind::Network,
        FailureKind::TimedOut,
    ] {
        let answers = vec![failed(kind, 503)];
        let (status, letters, totals) = ends(no_retries(), identify("u"), answers).await;
        assert_eq!((status, letters.len(), totals.errored), (Errored, 0, 1), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_works_in_the_end_is_delivered() {
    let answers = vec![unavailable(), unavailable(), ok()];
    let (status, _, totals) = ends(settings(), identify("u"), answers).await;
    assert_eq!((status, totals.retries), (Delivered, 2));
    assert_eq!(totals.requests.values().sum::<u64>(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_letter_cannot_be_kept_stays_with_its_source() {
    let letters = Letters { is_full: true, ..Letters::default() };
    let told = Told::default();
    let (server, _) = to_class(Class::Profiles, refused());
    let records = told.records([identify("u"), identify(".."), "?".to_owned(), track("u", "x")]);
    let context = context(&letters);
    let tally = std::sync::Arc::clone(&context.tally);
    let sink = CourierSink::new(settings(), server, context);
    sink.run_on(stream::iter(records)).await;
    assert_eq!(told.statuses(), [Errored, Errored, Errored, Delivered]);
    assert_eq!((tally.totals().errored, tally.totals().rejected.len()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_record_of_several_events_ends_once_with_the_worst_of_them() {
    let of = |events: &[String]| events.join("\n");
    let good = [identify("a"), skipped(), track("b", "x")];
    let bad = [identify(".."), "{}".to_owned()];
    let mixed = [identify("a"), identify("..")];
    assert_eq!(ends(settings(), of(&good), vec![]).await.0, Delivered);
    let (status, letters, _) = ends(settings(), of(&bad), vec![]).await;
    assert_eq!((status, letters.len()), (Rejected, 2));
    assert_eq!(ends(settings(), of(&mixed), vec![]).await.0, Rejected);
    let errored = ends(no_retries(), of(&mixed), vec![unavailable()]).await.0;
    assert_eq!(errored, Errored);
    let (status, _, totals) = ends(settings(), "\n", vec![]).await;
    assert_eq!((status, totals.ended()), (Delivered, 0), "nothing in it");
}

#[tokio::test(start_paused = true)]
async fn a_record_its_source_could_not_read_becomes_a_letter_with_its_place() {
    let (letters, told) = (Letters::default(), Told::default());
    let record = Record {
        payload: Payload::Unreadable {
            bytes: "beginning".into(),
            problem: "the line is longer than 1 MiB".to_owned(),
        },
        ..told.record(0, "")
    };
    let record = record.with_origin(Origin {
        name: "events.ndjson".into(),
        line: Some(7),
        seed: Seed::Random(0),
        trust: Trust::Trusted,
    });
    let (server, _) = in_turn(vec![]);
    let sink = CourierSink::new(settings(), server, context(&letters));
    sink.run_on(stream::iter([record])).await;
    assert_eq!(told.statuses(), [Rejected]);
    let kept = letters.kept.lock().unwrap();
    assert_eq!(kept[0].origin.to_string(), "events.ndjson:7");
    assert_eq!(kept[0].detail, "the line is longer than 1 MiB");
}

#[tokio::test(start_paused = true)]
async fn every_event_is_counted_in_one_place() {
    let events = [identify("a"), skipped(), identify(".."), automate("b", "t")].join("\n");
    let (_, _, totals) = ends(no_retries(), events, vec![ok(), unavailable()]).await;
    assert_eq!((totals.delivered, totals.errored, totals.ended()), (1, 1, 4));
}
