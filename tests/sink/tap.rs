//! Whoever taps a sink sees each event that comes, what it becomes and how it ends.

use std::fmt::Write as _;
use std::time::Duration;

use courier_sink::clock::Clock;
use courier_sink::delivery::{FailureKind, Outcome};
use courier_sink::tap::{End, Sighting, Sightings};
use futures::stream;

use crate::support::{Told, failed, in_turn, no_retries, ok, receipt, refused, sink};

fn event(kind: &str, user: &str, id: &str) -> String {
    format!(
        r#"{{"type":"{kind}","userId":"{user}","messageId":"{id}","groupId":"g","event":"x","traits":{{"a":1}}}}"#
    )
}

/// What was seen, an event a line: what it is, where it went, how it ended.
async fn seen(sightings: &Sightings) -> Vec<String> {
    let (seen, missed) = sightings.next().await;
    assert_eq!(missed, 0);
    let (mut lines, mut numbers) = (Vec::<String>::new(), Vec::new());
    for sighting in seen {
        match sighting {
            Sighting::Came(came) => {
                numbers.push(came.number);
                assert_eq!(came.sink.as_ref(), "courier");
                let requests = came.requests.iter();
                let requests: Vec<_> =
                    requests.map(|it| format!("{} {}", it.method.as_str(), it.path)).collect();
                let name = came.name.as_deref().unwrap_or("x");
                let user = came.user.as_deref().unwrap_or("-");
                let bytes = came.payload.len();
                assert!(bytes > 0 && came.origin == "record");
                lines.push(format!("{} {name} {user} [{}]", came.kind, requests.join(", ")));
            }
            Sighting::Planned(number, requests) => panic!("{number} became {requests:?}"),
            Sighting::Ended(number, end) => {
                let at = numbers.iter().position(|it| *it == number).expect("it came before");
                let end = match end {
                    End::Delivered => "delivered".to_owned(),
                    End::Skipped(reason) => format!("skipped {reason}"),
                    End::Rejected(why) => format!("rejected: {why}"),
                    End::Errored(why) => format!("errored: {why}"),
                };
                write!(lines[at], " {end}").unwrap();
            }
        }
    }
    assert!(numbers.is_sorted());
    lines
}

#[tokio::test(start_paused = true)]
async fn each_event_is_shown_with_what_it_became_and_how_it_ended() {
    let answers = vec![
        ok(),
        refused(),
        failed(FailureKind::Unavailable, 503),
        Ok(receipt(Outcome::Filtered)),
    ];
    let (server, _) = in_turn(answers);
    let sightings = Sightings::default();
    let clock = Clock::from_fn(|| Duration::from_secs(1));
    let mut settings = no_retries();
    settings.delivery.concurrency =
        courier_sink::delivery::Concurrency::Fixed(std::num::NonZeroUsize::MIN);
    let sink = sink(settings, server).with_tap(sightings.tap("courier", clock));
    let told = Told::default();
    let events = [
        event("identify", "ann", "m1"),
        event("track", "bob", "m2"),
        event("track", "cem", "m3"),
        event("identify", "cem", "m4"),
        event("track", "dot", "m5"),
        event("page", "ann", "m6"),
        event("identify", "..", "m7"),
        "no event".to_owned(),
    ];
    sink.run_on(stream::iter(told.records(events))).await;
    let mut lines = seen(&sightings).await;
    let unreadable = lines.pop().expect("it was shown");
    assert!(unreadable.starts_with("other not an event - [] rejected: "), "{unreadable}");
    assert_eq!(
        lines,
        [
            "identify x ann [POST /profiles/ann] delivered",
            "track x bob [POST /inbound/rudderstack] rejected: refused (status 400): said the server",
            "track x cem [POST /inbound/rudderstack] errored: unavailable (status 503): said the server",
            "identify x cem [POST /profiles/cem] errored: an event before it was not delivered",
            "track x dot [POST /inbound/rudderstack] skipped filtered",
            "page x ann [] skipped unsupported",
            "identify x .. [] rejected: `userId` must not be `.` or `..`, which a URL cannot carry as an id",
        ]
    );
}
