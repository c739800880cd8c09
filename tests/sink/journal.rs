//! Where a journal is wanted, each event's life is in it: what it became, each attempt and what that waited for, its end.

use std::num::NonZeroUsize;
use std::time::Duration;

use courier_sink::clock::Clock;
use courier_sink::delivery::{Concurrency, FailureKind, Outcome};
use courier_sink::event::{Origin, Trust};
use courier_sink::journal::{Journal, Moment, Note};
use courier_sink::plan::Inline;
use courier_sink::sink::Record;
use futures::stream;

use crate::support::{
    Told, failed, in_turn, ok, receipt, refused, server, settings, sink, unavailable,
};

fn said(note: &Note) -> String {
    let what = match &note.moment {
        Moment::Received { origin, event } => format!("received {event} from {origin}"),
        Moment::Ignored(what) => format!("ignored {what}"),
        Moment::Planned(endpoints) => {
            let names: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
            format!("planned {}", names.join(", "))
        }
        Moment::Skipped(reason) => format!("skipped {reason}"),
        Moment::Attempted(it) => format!(
            "attempt {} after {} ms for {}, {} events: {}",
            it.number,
            it.waited.as_millis(),
            it.waited_for.join(" and "),
            it.events,
            it.answer
        ),
        Moment::Ended { status, detail } => {
            format!("{status:?} {}", detail.as_deref().unwrap_or_default())
        }
    };
    format!("{} {}", note.message_id, what.trim_end())
}

fn event(kind: &str, user: &str, id: &str) -> String {
    format!(
        r#"{{"type":"{kind}","userId":"{user}","messageId":"{id}","event":"x","traits":{{"secret":"{id}-s"}}}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_noted_with_what_it_waited_for() {
    // The second is the fifth event's: it is nobody's follower.
    let filtered = Ok(receipt(Outcome::Filtered));
    let (server, _) = in_turn(vec![unavailable(), filtered, ok(), refused()]);
    let (journal, mut queue) = Journal::new(Clock::from_fn(|| Duration::from_secs(1)), 100);
    let told = Told::default();
    let events = [
        event("identify", "ann", "m1"),
        event("page", "ann", "m2"),
        event("identify", "..", "m3"),
        event("track", "ann", "m4"),
        event("track", "ben", "m5"),
    ];
    let sink = sink(settings(), server).with_journal(journal);
    sink.run_on(stream::iter(told.records(events))).await;
    let mut noted: Vec<_> = std::iter::from_fn(|| queue.next_now()).map(|it| said(&it)).collect();
    // Of each event by itself.
    noted.sort_by_key(|line| line.split(' ').next().map(str::to_owned));
    assert_eq!(
        noted,
        [
            "m1 received identify from record",
            "m1 planned POST /profiles/{user_id}",
            "m1 attempt 1 after 0 ms for its turn, 1 events: unavailable (status 503): said the server",
            "m1 attempt 2 after 1000 ms for the next attempt, 1 events: answered 202",
            "m1 Delivered",
            "m2 received page from record",
            "m2 skipped unsupported",
            "m3 received identify from record",
            "m3 Rejected `userId` must not be `.` or `..`, which a URL cannot carry as an id",
            "m4 received track/x from record",
            "m4 planned POST /inbound/rudderstack",
            "m4 attempt 1 after 1000 ms for its turn, 1 events: refused (status 400): said the server",
            "m4 Rejected refused (status 400): said the server",
            "m5 received track/x from record",
            "m5 planned POST /inbound/rudderstack",
            "m5 attempt 1 after 0 ms for its turn, 1 events: answered 202",
            "m5 skipped filtered",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_gate_makes_wait_is_named() {
    for (concurrency, first, reason) in [
        (1, ok(), "its turn and concurrency"),
        (5, failed(FailureKind::Unauthorized, 401), "the next attempt and a hold"),
    ] {
        let answers = std::sync::Mutex::new(vec![first].into_iter());
        let (server, _) = server(move |_| {
            let answer = answers.lock().unwrap().next();
            (Duration::from_millis(50), answer.unwrap_or_else(ok))
        });
        let mut settings = settings();
        settings.delivery.concurrency = Concurrency::Fixed(NonZeroUsize::new(concurrency).unwrap());
        let (journal, mut queue) = Journal::new(Clock::system(), 100);
        let told = Told::default();
        let events = ["a", "b"].map(|user| event("identify", user, user));
        let sink = sink(settings, server).with_journal(journal);
        sink.run_on(stream::iter(told.records(events))).await;
        let noted: Vec<_> = std::iter::from_fn(|| queue.next_now()).map(|it| said(&it)).collect();
        assert!(noted.iter().any(|line| line.contains(reason)), "{reason} is not in {noted:#?}");
        assert!(!noted.iter().any(|line| line.contains("-s")), "payloads are no notes");
    }
}

#[tokio::test(start_paused = true)]
async fn an_automation_of_its_own_that_is_ignored_is_named_with_what_decides_it() {
    let event = r#"{"type":"track","userId":"u","messageId":"m","event":"x","properties":
        {"courier":{"automation":{"steps":[{"action":"send"}],"template":"secret"}}}}"#;
    for (inline, trust, expected) in [
        (Inline::Allow, Trust::Trusted, None),
        (
            Inline::Template,
            Trust::Trusted,
            Some("`steps` of properties.courier.automation: the option is `inline = \"template\"`"),
        ),
        (
            Inline::Ignore,
            Trust::Trusted,
            Some(
                "`steps` and `template` of properties.courier.automation: the option is `inline = \"ignore\"`",
            ),
        ),
        (
            Inline::Allow,
            Trust::Untrusted,
            Some(
                "`steps` and `template` of properties.courier.automation: its writer is not trusted, whatever `inline` says",
            ),
        ),
    ] {
        let (server, _) = in_turn(vec![ok()]);
        let (journal, mut queue) = Journal::new(Clock::system(), 100);
        let mut settings = settings();
        settings.rules.inline = inline;
        let record = Record::new(event, 1);
        let origin = Origin { trust, ..record.origin.clone() };
        let sink = sink(settings, server).with_journal(journal);
        sink.run_on(stream::iter([record.with_origin(origin)])).await;
        let noted: Vec<_> = std::iter::from_fn(|| queue.next_now()).map(|it| said(&it)).collect();
        let expected = expected.map(|said| format!("m ignored {said}"));
        assert_eq!(noted.iter().find(|line| line.contains("ignored")), expected.as_ref());
        // Before what it became without it.
        assert!(noted[1 + usize::from(expected.is_some())].starts_with("m planned"), "{noted:?}");
        assert!(!noted.concat().contains("secret"), "payloads are no notes");
    }
}
