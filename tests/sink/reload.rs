//! Other settings while the sink runs: what was not begun is planned anew in its place, what was keeps its plan.

use std::num::NonZeroU32;
use std::time::Duration;

use courier_sink::config::CourierConfig;
use courier_sink::delivery::Rate;
use courier_sink::finalization::EventStatus::{Delivered, Rejected};
use courier_sink::plan::{Mode, Unmapped};
use courier_sink::sink::{CourierSink, NotLive, Settings};
use courier_sink::telemetry::Rejection;
use futures::FutureExt;

use crate::events::{group, identify, track};
use crate::support::{Letters, Notes, Told, channel, context, ok, pass, server, settings, sink};

/// The same, save where track events go that no mapping takes.
pub(crate) fn unmapped(settings: &Settings, unmapped: Unmapped) -> Settings {
    let mut settings = settings.clone();
    let Mode::Direct(direct) = &mut settings.rules.mode else { panic!("the default is direct") };
    direct.unmapped = unmapped;
    settings
}

pub(crate) fn a_second(limit: u32) -> Rate {
    let number = |it| NonZeroU32::new(it).unwrap();
    Rate { limit: number(limit), per: Duration::from_secs(1), burst: NonZeroU32::MIN }
}

fn paths(notes: &Notes) -> Vec<String> {
    notes.read(|seen| seen.asked.iter().map(|(_, _, path)| path.clone()).collect())
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_keeps_its_plan_and_what_waits_is_planned_anew_in_order() {
    let (server, notes) = server(|_| (Duration::from_secs(1), ok()));
    let before = settings();
    let sink = sink(before.clone(), server);
    let (reload, told) = (sink.reload(), Told::default());
    let (sender, input) = channel();
    for record in told.records([track("a", "1"), track("a", "2"), identify("a"), track("a", "3")]) {
        sender.send(record).await.unwrap();
    }
    let change = async {
        pass(500).await;
        reload.set(unmapped(&before, Unmapped::InboundCourier)).unwrap();
        sender.send(told.record(4, track("a", "4"))).await.unwrap();
        drop(sender);
    };
    tokio::join!(sink.run_on(input), change);
    let (old, new) = ("POST /inbound/rudderstack", "POST /inbound/courier");
    assert_eq!(paths(&notes), [old, new, "POST /profiles/a", new, new]);
    let order: Vec<_> = told.in_order_of_ends().into_iter().map(|(number, _)| number).collect();
    assert_eq!(order, [0, 1, 2, 3, 4]);
    assert_eq!(told.statuses(), [Delivered; 5]);
}

#[tokio::test(start_paused = true)]
async fn what_the_new_rules_make_nothing_of_ends_once_and_lets_others_go_on() {
    let (server, notes) = server(|_| (Duration::from_secs(1), ok()));
    let before = settings();
    let letters = Letters::default();
    let sink = CourierSink::new(before.clone(), server, context(&letters));
    let (reload, told) = (sink.reload(), Told::default());
    let (sender, input) = channel();
    let events = [track("a", "1"), track("a", "2"), identify("a"), group("a", "g")];
    for record in told.records(events) {
        sender.send(record).await.unwrap();
    }
    let change = async {
        pass(500).await;
        let mut skipping = unmapped(&before, Unmapped::Skip);
        let Mode::Direct(direct) = &mut skipping.rules.mode else { unreachable!() };
        direct.tenant_write = courier_sink::plan::TenantRule::Skip;
        reload.set(skipping).unwrap();
        drop(sender);
    };
    tokio::join!(sink.run_on(input), change);
    // The group's tenant was begun when it came, so it keeps its plan.
    let seen = paths(&notes);
    assert_eq!(seen.iter().filter(|path| path.contains("inbound")).count(), 1, "{seen:?}");
    assert!(seen.iter().any(|path| path.starts_with("PUT /tenants/g")), "{seen:?}");
    assert_eq!(told.statuses(), [Delivered; 4]);
    assert_eq!(told.in_order_of_ends().first(), Some(&(1, Delivered)), "it is skipped at once");
    assert!(letters.kept.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_new_rules_refuse_becomes_a_letter() {
    let (server, _) = server(|_| (Duration::from_secs(1), ok()));
    let before = settings();
    let letters = Letters::default();
    let sink = CourierSink::new(before.clone(), server, context(&letters));
    let (reload, told) = (sink.reload(), Told::default());
    let (sender, input) = channel();
    for record in told.records([track("a", "x"), track("a", "x"), track("a", "x")]) {
        sender.send(record).await.unwrap();
    }
    let change = async {
        pass(500).await;
        let block = "api_key = 'k'\n[[automations]]\non = 'track/x'\ntemplate = 't'\nrecipient = 'properties.nobody'";
        let strict = CourierConfig::from_toml("test", block, &|_| None).unwrap();
        reload.set(strict.settings).unwrap();
        drop(sender);
    };
    tokio::join!(sink.run_on(input), change);
    assert_eq!(told.statuses(), [Delivered, Rejected, Rejected]);
    let reasons: Vec<_> = letters.kept.lock().unwrap().iter().map(|it| it.reason).collect();
    assert_eq!(reasons, [Rejection::Refused; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_lowered_or_raised_counts_at_once_and_brings_no_burst() {
    let (server, notes) = server(|_| (Duration::ZERO, ok()));
    let mut slow = settings();
    slow.delivery.rate = Some(a_second(1));
    let mut fast = slow.clone();
    fast.delivery.rate = Some(a_second(100));
    let sink = sink(slow.clone(), server);
    let (reload, told) = (sink.reload(), Told::default());
    let (sender, input) = channel();
    for record in told.records((0..300).map(|user| track(&user.to_string(), "x"))) {
        sender.send(record).await.unwrap();
    }
    drop(sender);
    let asked = || notes.read(|seen| seen.asked.len());
    let change = async {
        pass(2500).await;
        assert_eq!(asked(), 3);
        reload.set(fast.clone()).unwrap();
        pass(1000).await;
        let at_full_speed = asked() - 3;
        assert!((95..=101).contains(&at_full_speed), "{at_full_speed}");
        // A hundred changes in a second let no more through than the faster of the two.
        let before = asked();
        for round in 0..100 {
            let settings = if round % 2 == 0 { &slow } else { &fast };
            reload.set(settings.clone()).unwrap();
            pass(10).await;
        }
        assert!(asked() - before <= 101, "{}", asked() - before);
        reload.set(slow.clone()).unwrap();
        let before = asked();
        pass(10_000).await;
        assert!((9..=11).contains(&(asked() - before)), "{}", asked() - before);
        reload.set(fast.clone()).unwrap();
    };
    tokio::join!(sink.run_on(input), change);
    assert_eq!(told.statuses(), [Delivered; 300]);
}

#[tokio::test(start_paused = true)]
async fn retries_under_way_obey_the_new_attempts() {
    let (server, notes) = server(|_| (Duration::ZERO, crate::support::unavailable()));
    let before = settings();
    let sink = sink(before.clone(), server);
    let (reload, told) = (sink.reload(), Told::default());
    let (sender, input) = channel();
    sender.send(told.record(0, track("a", "1"))).await.unwrap();
    drop(sender);
    let mut once = before;
    once.delivery.retry.attempts = 1;
    let change = async {
        pass(10_000).await;
        assert!(notes.asked().len() > 1 && told.statuses().is_empty());
        reload.set(once).unwrap();
    };
    tokio::join!(sink.run_on(input), change);
    assert_eq!(told.statuses(), [courier_sink::finalization::EventStatus::Errored]);
}

#[tokio::test(start_paused = true)]
async fn a_new_age_limit_counts_from_when_what_waits_came_in() {
    let (server, _) = server(|_| (Duration::from_secs(60), ok()));
    let before = settings();
    let letters = Letters::default();
    let sink = CourierSink::new(before.clone(), server, context(&letters));
    let (reload, told) = (sink.reload(), Told::default());
    let (sender, input) = channel();
    for record in told.records([track("a", "1"), track("a", "2"), track("a", "3")]) {
        sender.send(record).await.unwrap();
    }
    let mut short = before.clone();
    short.expiration.after = Some(Duration::from_secs(30));
    let change = async {
        pass(20_000).await;
        reload.set(short).unwrap();
        pass(9_000).await;
        assert!(told.statuses().is_empty());
        pass(2_000).await;
        assert_eq!(told.statuses(), [Rejected; 2], "those that wait");
        drop(sender);
    };
    tokio::join!(sink.run_on(input), change);
    assert_eq!(told.statuses(), [Delivered, Rejected, Rejected]);
}

#[tokio::test(start_paused = true)]
async fn name_and_mode_are_not_live_and_nothing_of_such_a_change_is_taken() {
    let (server, _) = server(|_| (Duration::ZERO, ok()));
    let sink = sink(settings(), server);
    let reload = sink.reload();
    let mut other = settings();
    other.rules.mode = Mode::Inbound { group: true };
    assert_eq!(reload.set(other), Err(NotLive::Mode));
    let mut other = settings();
    other.rules.sink = "other".into();
    assert_eq!(reload.set(other), Err(NotLive::Name));
    assert_eq!(sink.run_on(futures::stream::empty()).now_or_never(), Some(()));
}
