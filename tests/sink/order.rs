//! Order per user and per tenant, whatever is repeated or given up.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use courier_sink::courier::Class;
use courier_sink::delivery::Rate;
use courier_sink::finalization::EventStatus::{Delivered, Errored, Rejected};
use courier_sink::plan::Ordering;

use crate::events::{automate, group, identify, track};
use crate::support::{
    Told, channel, in_turn, no_retries, ok, pass, refused, run, server, settings, sink, to_class,
    unavailable,
};

#[tokio::test(start_paused = true)]
async fn a_failed_request_is_repeated_before_its_followers_go() {
    let (server, notes) = in_turn(vec![unavailable(), ok(), unavailable()]);
    let events = [identify("a"), identify("b"), automate("a", "x"), track("a", "y")];
    let told = run(settings(), server, events).await;
    assert_eq!(told.statuses(), [Delivered; 4]);
    let asked = [
        "0 POST /profiles/a",
        "0 POST /profiles/b",
        "1000 POST /profiles/a",
        "3000 POST /profiles/a",
        "3000 POST /automations/x/invoke",
        "3000 POST /inbound/rudderstack",
    ];
    assert_eq!(notes.asked(), asked, "the other user goes on meanwhile");
}

#[tokio::test(start_paused = true)]
async fn no_two_requests_of_one_user_are_under_way_at_once() {
    let (server, notes) = server(|_| (Duration::from_millis(100), ok()));
    let mut events = Vec::new();
    for round in ["x", "y", "z"] {
        for user in ["a", "b", "c", "d"] {
            events.extend([identify(user), automate(user, round), group(user, "g")]);
        }
    }
    let told = run(settings(), server, events).await;
    assert_eq!(told.statuses(), [Delivered; 36]);
    assert_eq!(notes.read(|seen| seen.most_in_lane), 1);
    assert!(notes.read(|seen| seen.most) >= 4, "users do not wait for each other");
}

#[tokio::test(start_paused = true)]
async fn a_membership_waits_for_its_tenant() {
    let (server, notes) = server(|_| (Duration::from_millis(100), ok()));
    let events = [group("a", "g"), identify("a"), identify("b")];
    run(settings(), server, events).await;
    let asked = [
        "0 GET /tenants/g",
        "0 POST /profiles/b",
        "100 PUT /tenants/g",
        "200 PUT /users/a/tenants/g",
        "300 POST /profiles/a",
    ];
    let mut seen = notes.asked();
    seen[..2].sort_unstable();
    assert_eq!(seen, asked);
}

#[tokio::test(start_paused = true)]
async fn without_ordering_only_tenants_keep_theirs_and_a_membership_waits_for_its_own_write() {
    let (server, notes) = server(|_| (Duration::from_millis(100), ok()));
    let mut settings = settings();
    settings.rules.ordering = Ordering::None;
    let events = [group("a", "g"), identify("a"), group("b", "g"), track("a", "x")];
    let told = run(settings, server, events).await;
    assert_eq!(told.statuses(), [Delivered; 4]);
    let mut asked = notes.asked();
    asked[..3].sort_unstable();
    asked[4..6].sort_unstable();
    let expected = [
        "0 GET /tenants/g",
        "0 POST /inbound/rudderstack",
        "0 POST /profiles/a",
        "100 PUT /tenants/g",
        "200 PUT /users/a/tenants/g",
        "200 PUT /users/b/tenants/g",
    ];
    assert_eq!(asked, expected, "equal writes of a tenant still become one");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_head_lets_its_followers_go() {
    let (server, notes) = to_class(Class::Profiles, refused());
    let events = [identify("a"), automate("a", "x")];
    let told = run(settings(), server, events).await;
    assert_eq!(told.statuses(), [Rejected, Delivered]);
    assert_eq!(notes.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_errored_head_takes_its_followers_with_it_and_nobody_else() {
    let (server, notes) = in_turn(vec![unavailable()]);
    let events = [identify("a"), automate("a", "x"), identify("b"), track("a", "y")];
    let told = run(no_retries(), server, events).await;
    assert_eq!(told.statuses(), [Errored, Errored, Delivered, Errored]);
    let asked = ["0 POST /profiles/a", "0 POST /profiles/b"];
    assert_eq!(notes.asked(), asked, "nothing overtakes what will come again");
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_an_errored_lane_is_new_work() {
    let (server, notes) = in_turn(vec![unavailable()]);
    let mut settings = no_retries();
    settings.buffer.max_events = std::num::NonZeroUsize::MIN;
    let told = run(settings, server, [identify("a"), identify("a")]).await;
    assert_eq!(told.statuses(), [Errored, Delivered]);
    assert_eq!(notes.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_an_open_batch_does_not_overtake_an_errored_head_either() {
    let (server, notes) = server(|_| (Duration::from_millis(100), unavailable()));
    let mut settings = no_retries();
    settings.batch.max_events = NonZeroUsize::new(2);
    settings.batch.timeout = Duration::from_secs(1);
    let told = Told::default();
    let (sender, input) = channel();
    let feed = async {
        let events = [identify("a"), identify("b"), track("a", "x")];
        for record in told.records(events) {
            sender.send(record).await.unwrap();
            pass(30).await;
        }
        pass(5_000).await;
        drop(sender);
    };
    tokio::join!(sink(settings, server).run_on(input), feed);
    assert_eq!(told.statuses(), [Errored; 3]);
    assert_eq!(notes.asked(), ["30 POST /profiles/a", "30 POST /profiles/b"]);
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_record_does_not_overtake_what_went_back_to_its_source_and_others_go_on() {
    for is_in_record in [true, false] {
        let (server, notes) = server(|call| {
            let is_a = call.request.path() == "/profiles/a";
            let millis = if is_a { 100 } else { 500 };
            (Duration::from_millis(millis), if is_a { unavailable() } else { ok() })
        });
        let mut settings = no_retries();
        settings.buffer.max_events = NonZeroUsize::new(2).unwrap();
        let record = [
            identify("b"),
            // Behind its user, and everything of it behind that.
            group("a", "g"),
            track("a", "x"),
            group("c", "g"),
            track("b", "y"),
        ];
        let records = if is_in_record {
            vec![format!("[{},{}]", identify("a"), record.join(","))]
        } else {
            vec![identify("a"), format!("[{}]", record.join(","))]
        };
        let told = run(settings, server, records.clone()).await;
        assert_eq!(told.statuses(), vec![Errored; records.len()]);
        let expected =
            ["0 POST /profiles/a", "0 POST /profiles/b", "500 POST /inbound/rudderstack"];
        assert_eq!(notes.asked(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_class_whose_waiting_work_was_given_up_gives_its_place_to_others() {
    // One request a second: the tenant is first in line for the next one when the profile before it fails.
    let (server, notes) = server(|call| {
        if call.request.class() == Class::Profiles {
            (Duration::from_millis(500), unavailable())
        } else {
            (Duration::ZERO, ok())
        }
    });
    let mut settings = no_retries();
    settings.delivery.rate = Some(Rate::new(NonZeroU32::MIN, Duration::from_secs(1)));
    let events = [identify("a"), group("a", "g"), track("b", "x")];
    let running = run(settings, server, events);
    let told = tokio::time::timeout(Duration::from_secs(60), running).await;
    let told = told.expect("the place in line must not be lost");
    assert_eq!(told.statuses(), [Errored, Errored, Delivered]);
    let asked = ["0 POST /profiles/a", "1000 POST /inbound/rudderstack"];
    assert_eq!(notes.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn fifty_thousand_events_go_through_one_lane_or_as_many() {
    const MANY: usize = 50_000;
    let mut settings = settings();
    settings.buffer.max_events = NonZeroUsize::new(MANY).unwrap();
    for lanes in [1, MANY] {
        let (server, _) = in_turn(vec![]);
        let events = (0..MANY).map(|event| identify(&(event % lanes).to_string()));
        let told = run(settings.clone(), server, events).await;
        assert_eq!(told.statuses(), vec![Delivered; MANY]);
    }
    settings.delivery.retry.attempts = 0;
    let (server, notes) = server(|_| (Duration::from_secs(1), unavailable()));
    let events = (0..MANY).map(|_| group("a", "g"));
    let told = run(settings, server, events).await;
    assert_eq!(told.statuses(), vec![Errored; MANY]);
    assert_eq!(notes.asked().len(), 1);
}
