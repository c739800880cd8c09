//! `ordering_max_wait_secs`: a head that keeps others waiting for too long goes back to its source, and they with it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Mutex;
use std::time::Duration;

use courier_sink::courier::Class;
use courier_sink::delivery::{Concurrency, Failure, FailureKind, Rate};
use courier_sink::finalization::EventStatus::{self, Delivered, Errored};
use courier_sink::sink::{Settings, Transport};

use crate::events::{automate, group, identify, track};
use crate::support::{
    Answered, NEVER, Told, channel, failed, ok, pass, run, server, settings, sink, unavailable,
};

/// A minute at most, and attempts that take as long as they like.
fn a_minute() -> Settings {
    let mut settings = settings();
    settings.order.max_wait = Duration::from_secs(60);
    settings.delivery.timeout = NEVER * 2;
    settings
}

/// A server to which requests about `stuck` hang once `answers` are given.
fn stuck(answers: Vec<(Duration, Answered)>) -> impl Transport {
    let answers = Mutex::new(answers.into_iter());
    let (server, _) = server(move |call| {
        let body = call.request.body().map(|body| body.to_bytes()).unwrap_or_default();
        let is_stuck = call.request.path().contains("stuck")
            || String::from_utf8_lossy(&body).contains("stuck");
        if !is_stuck {
            return (Duration::ZERO, ok());
        }
        answers.lock().unwrap().next().unwrap_or((NEVER, ok()))
    });
    server
}

fn throttled(wait: u64) -> Answered {
    let Err(failure) = failed(FailureKind::Throttled, 429) else { unreachable!("it failed") };
    Err(Failure { retry_after: Some(Duration::from_secs(wait)), ..failure })
}

/// Gives `events` one after the other, each with the millisecond it comes in, and checks that nothing of `stuck` ends
/// before `at` and that all of it does then.
async fn ends_at(
    settings: Settings,
    server: impl Transport,
    events: &[(u64, String)],
    at: u64,
) -> Vec<(usize, EventStatus)> {
    let told = Told::default();
    let (sender, input) = channel();
    let texts: Vec<_> = events.iter().map(|(_, text)| text.clone()).collect();
    let feed = async {
        let mut now = 0;
        for ((comes_at, _), record) in events.iter().zip(told.records(texts)) {
            pass(comes_at - now).await;
            now = *comes_at;
            sender.send(record).await.unwrap();
        }
        pass(at - now - 1).await;
        let before = told.in_order_of_ends();
        assert!(before.iter().all(|(_, status)| *status == Delivered), "{before:?}");
        // Timers go off up to a millisecond late.
        pass(3).await;
        drop(sender);
        let mut ends = told.in_order_of_ends();
        ends.sort_unstable();
        ends
    };
    let running = Box::pin(sink(settings, server).run_on(input));
    let feed = async {
        tokio::select! {
            biased;
            ends = feed => ends,
            () = running => told.in_order_of_ends(),
        }
    };
    feed.await
}

fn at_once(events: &[String]) -> Vec<(u64, String)> {
    events.iter().map(|event| (0, event.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stuck_head_ends_with_its_followers_after_that_long_and_not_before() {
    let events = [identify("stuck"), automate("stuck", "x"), identify("b"), automate("b", "y")];
    let ends = ends_at(a_minute(), stuck(Vec::new()), &at_once(&events), 60_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored), (2, Delivered), (3, Delivered)]);
}

#[tokio::test(start_paused = true)]
async fn the_time_runs_from_the_first_that_waits() {
    let events = [(0, identify("stuck")), (45_000, automate("stuck", "x"))];
    let ends = ends_at(a_minute(), stuck(Vec::new()), &events, 105_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored)]);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_only_repeated_in_vain_ends_as_well() {
    let failures = (0..100).map(|_| (Duration::ZERO, unavailable())).collect();
    let events = at_once(&[identify("stuck"), automate("stuck", "x")]);
    let ends = ends_at(a_minute(), stuck(failures), &events, 60_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored)]);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_nobody_waits_for_goes_on() {
    let told = Told::default();
    let events = told.records([identify("stuck")]);
    let (sender, input) = channel();
    let feed = async {
        for record in events {
            sender.send(record).await.unwrap();
        }
        pass(1_000_000).await;
    };
    tokio::select! {
        () = sink(a_minute(), stuck(Vec::new())).run_on(input) => {}
        () = feed => {}
    }
    assert_eq!(told.statuses(), [Errored], "by being dropped");
    let slow = stuck(vec![(Duration::from_secs(500), ok())]);
    assert_eq!(run(a_minute(), slow, [identify("stuck")]).await.statuses(), [Delivered]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_its_class_makes_it_longer_by_as_much() {
    // Ten seconds, a pause of a hundred, and from then on silence.
    let answers = vec![(Duration::from_secs(10), throttled(100))];
    let events = at_once(&[identify("stuck"), automate("stuck", "x"), track("b", "y")]);
    let ends = ends_at(a_minute(), stuck(answers), &events, 160_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored), (2, Delivered)]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_another_class_does_not() {
    let events = at_once(&[automate("stuck", "x"), automate("stuck", "y"), identify("b")]);
    let (server, _) = server(|call| {
        let is_profile = call.request.class() == Class::Profiles;
        if is_profile { (Duration::from_secs(10), throttled(100)) } else { (NEVER, ok()) }
    });
    let ends = ends_at(a_minute(), server, &events, 60_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored)]);
}

#[tokio::test(start_paused = true)]
async fn a_hold_makes_it_longer_by_as_much() {
    // Refused after five seconds; ten later another's probe is let through, and the head goes out again in vain.
    let answers = vec![(Duration::from_secs(5), failed(FailureKind::Unauthorized, 401))];
    let events = [(0, identify("stuck")), (0, automate("stuck", "x")), (6_000, identify("b"))];
    let ends = ends_at(a_minute(), stuck(answers), &events, 70_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored), (2, Delivered)]);
}

#[tokio::test(start_paused = true)]
async fn a_hold_and_a_pause_at_once_count_once() {
    // Throttled at second 5 until 35; held from 7 until 17 by another class, and then silence from 35.
    let answers = vec![(Duration::from_secs(5), throttled(30))];
    let refusals =
        Mutex::new(vec![(Duration::from_secs(1), failed(FailureKind::Unauthorized, 401))]);
    let inner = stuck(answers);
    let (held, _) =
        server(move |_| refusals.lock().unwrap().pop().unwrap_or((Duration::ZERO, ok())));
    let both = tower::service_fn(move |call: courier_sink::delivery::Call| {
        use tower::ServiceExt;
        let (inner, held) = (inner.clone(), held.clone());
        async move {
            match call.request.class() {
                Class::Tenants | Class::Memberships => held.oneshot(call).await,
                Class::Profiles | Class::Automations | Class::Journeys | Class::Inbound => {
                    inner.oneshot(call).await
                }
            }
        }
    });
    let events = [(0, identify("stuck")), (0, automate("stuck", "x")), (6_000, group("b", "g"))];
    let ends = ends_at(a_minute(), both, &events, 90_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored), (2, Delivered)]);
}

#[tokio::test(start_paused = true)]
async fn a_membership_whose_tenant_is_stuck_lets_its_user_go_after_that_long() {
    let (server, _) = server(|call| {
        let is_tenant = call.request.class() == Class::Tenants;
        (if is_tenant { Duration::from_secs(100) } else { Duration::ZERO }, ok())
    });
    let told = Told::default();
    let mut settings = a_minute();
    settings.rules.mode = courier_sink::plan::Mode::Direct(Box::default());
    let (sender, input) = channel();
    let feed = async {
        for record in told.records([group("a", "g"), track("a", "x")]) {
            sender.send(record).await.unwrap();
        }
        pass(59_999).await;
        assert_eq!(told.in_order_of_ends(), []);
        pass(3).await;
        assert_eq!(told.in_order_of_ends(), [(1, Errored)]);
        sender.send(told.record(2, identify("a"))).await.unwrap();
        pass(1).await;
        assert_eq!(told.in_order_of_ends(), [(1, Errored), (2, Delivered)]);
        drop(sender);
    };
    tokio::join!(sink(settings, server).run_on(input), feed);
    let ends = [(1, Errored), (2, Delivered), (0, Errored)];
    assert_eq!(told.in_order_of_ends(), ends, "the tenant's write was let come to its end");
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_of_an_event_that_is_to_go_back_is_not_repeated_for_ever() {
    let (server, _) = server(|call| {
        let is_tenant = call.request.class() == Class::Tenants;
        (Duration::ZERO, if is_tenant { unavailable() } else { ok() })
    });
    let told = Told::default();
    let mut settings = a_minute();
    settings.rules.mode = courier_sink::plan::Mode::Direct(Box::default());
    let (sender, input) = channel();
    let feed = async {
        for record in told.records([group("a", "g"), track("a", "x")]) {
            sender.send(record).await.unwrap();
        }
        pass(60_002).await;
        assert_eq!(told.in_order_of_ends(), [(1, Errored)]);
        pass(59_990).await;
        assert_eq!(told.in_order_of_ends(), [(1, Errored)], "it has as long again");
        pass(20).await;
        assert_eq!(told.in_order_of_ends(), [(1, Errored), (0, Errored)]);
    };
    tokio::select! {
        () = sink(settings, server).run_on(input) => unreachable!("its input has not ended"),
        () = feed => {}
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_gives_its_permit_back() {
    let mut settings = a_minute();
    settings.delivery.concurrency = Concurrency::Fixed(NonZeroUsize::MIN);
    let events = at_once(&[identify("stuck"), automate("stuck", "x"), identify("b")]);
    let ends = ends_at(settings, stuck(Vec::new()), &events, 60_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored), (2, Delivered)]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_at_the_agreed_pace_keeps_nobody_waiting() {
    let mut settings = a_minute();
    settings.delivery.rate = Some(Rate::new(NonZeroU32::MIN, Duration::from_secs(50)));
    let (server, _) = server(|_| (Duration::from_secs(1), ok()));
    let users = ["a", "b", "c"];
    let events = users.iter().flat_map(|user| [identify(user), automate(user, "x")]);
    let told = run(settings, server, events).await;
    assert_eq!(told.statuses(), [Delivered; 6]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_lane_was_given_up_is_new_work() {
    let answers = vec![(NEVER, ok()), (Duration::ZERO, ok())];
    let mut events = at_once(&[identify("stuck"), automate("stuck", "x")]);
    events.push((60_100, identify("stuck")));
    let ends = ends_at(a_minute(), stuck(answers), &events[..2], 60_000).await;
    assert_eq!(ends, [(0, Errored), (1, Errored)]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_stuck_lanes_are_given_up_at_their_own_times() {
    let (server, _) = server(|_| (NEVER, ok()));
    let mut settings = a_minute();
    settings.buffer.max_events = NonZeroUsize::new(10_000).unwrap();
    settings.delivery.concurrency = Concurrency::Fixed(NonZeroUsize::new(5_000).unwrap());
    let told = Told::default();
    let (sender, input) = channel();
    let feed = async {
        for user in 0..1000 {
            let name = user.to_string();
            sender.send(told.record(2 * user, identify(&name))).await.unwrap();
            sender.send(told.record(2 * user + 1, automate(&name, "x"))).await.unwrap();
            pass(1).await;
        }
        pass(59_500).await;
        let ended = told.in_order_of_ends().len();
        assert!((990..=1002).contains(&ended), "half of them: {ended}");
        drop(sender);
    };
    tokio::join!(sink(settings, server).run_on(input), feed);
    assert_eq!(told.statuses(), vec![Errored; 2000]);
}
