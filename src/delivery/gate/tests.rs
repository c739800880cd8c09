//! Permits, pauses and the hold, on a paused clock.

use super::*;
use crate::delivery::FailureKind;
use crate::delivery::testing::{
    accepted, answered, at_once, rate, seconds, settings, silence, throttled, unauthorized,
};
use futures::FutureExt;

mod shares;

fn gate(settings: &Settings) -> Arc<Gate> {
    Arc::new(Gate::new(settings))
}

/// One attempt, as soon as it is let, that takes no time; gives the second it went in.
async fn attempt(gate: &Arc<Gate>, class: Class, result: Result<Receipt, Failure>) -> u64 {
    let admitted = Arc::clone(gate).admit(class, Turn::First).await;
    let at = gate.now().as_secs();
    admitted.report(&result);
    at
}

/// Permits that nobody has.
fn free(gate: &Gate) -> usize {
    gate.lock().free()
}

fn is_let(gate: &Arc<Gate>, class: Class) -> bool {
    gate.try_admit(class, Turn::First).is_some()
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_token_holds_no_permit() {
    let gate = gate(&Settings { rate: Some(rate(1)), ..at_once(1) });
    attempt(&gate, Class::Profiles, Ok(accepted())).await;
    let mut waiting = Box::pin(Arc::clone(&gate).admit(Class::Profiles, Turn::First));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(free(&gate), 1);
    waiting.await;
    assert_eq!(gate.now(), seconds(10));
}

#[tokio::test(start_paused = true)]
async fn only_what_stands_in_the_way_is_named() {
    let open = gate(&at_once(1));
    assert_eq!(open.constraint(Class::Profiles), None, "there is no rate");
    let _admitted = open.try_admit(Class::Profiles, Turn::First);
    assert_eq!(open.constraint(Class::Profiles), Some("concurrency"));
    let paced = gate(&Settings { rate: Some(rate(1)), ..at_once(1) });
    assert_eq!(paced.constraint(Class::Profiles), None, "a token is left");
    attempt(&paced, Class::Profiles, Ok(accepted())).await;
    assert_eq!(paced.constraint(Class::Profiles), Some("the rate"));
    attempt(&paced, Class::Profiles, Err(throttled(Some(5)))).await;
    assert_eq!(paced.constraint(Class::Profiles), Some("a pause"));
    let held = gate(&at_once(1));
    attempt(&held, Class::Profiles, Err(unauthorized())).await;
    assert_eq!(held.constraint(Class::Inbound), Some("a hold"));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_paused_holds_neither_permit_nor_token_nor_place() {
    let gate = gate(&Settings { rate: Some(rate(10)), ..at_once(1) });
    attempt(&gate, Class::Profiles, Err(throttled(Some(60)))).await;
    tokio::time::advance(seconds(5)).await;
    let mut paused = Box::pin(Arc::clone(&gate).admit(Class::Profiles, Turn::First));
    assert!((&mut paused).now_or_never().is_none());
    assert_eq!(free(&gate), 1);
    assert_eq!(attempt(&gate, Class::Inbound, Ok(accepted())).await, 5);
    drop(paused.await);
    assert_eq!(gate.now(), seconds(60));
}

#[tokio::test(start_paused = true)]
async fn a_class_paused_while_it_waits_for_a_token_leaves_the_line() {
    let gate = gate(&Settings { rate: Some(rate(1)), ..at_once(2) });
    let under_way = Arc::clone(&gate).admit(Class::Profiles, Turn::First).await;
    let mut first = Box::pin(Arc::clone(&gate).admit(Class::Profiles, Turn::First));
    let mut second = Box::pin(Arc::clone(&gate).admit(Class::Inbound, Turn::First));
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
    under_way.report(&Err(throttled(Some(60))));
    tokio::select! {
        _ = &mut first => unreachable!("the class is paused"),
        _ = &mut second => assert_eq!(gate.now(), seconds(10)),
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_go_round_between_classes() {
    let gate = gate(&Settings { rate: Some(rate(10)), ..at_once(9) });
    let mut greedy = Box::pin(async {
        loop {
            attempt(&gate, Class::Profiles, Ok(accepted())).await;
        }
    });
    let modest = async {
        for _ in 0..5 {
            attempt(&gate, Class::Inbound, Ok(accepted())).await;
        }
    };
    tokio::select! {
        biased;
        never = &mut greedy => never,
        () = modest => assert!(gate.now() <= seconds(10), "every second token is ours"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_named_wait_pauses_its_class_only_and_is_capped() {
    let gate = gate(&settings());
    attempt(&gate, Class::Profiles, Err(throttled(Some(7)))).await;
    assert!(!is_let(&gate, Class::Profiles) && is_let(&gate, Class::Inbound));
    let next = attempt(&gate, Class::Profiles, Err(throttled(Some(86_400)))).await;
    assert_eq!(next, 7);
    let capped = attempt(&gate, Class::Profiles, Ok(accepted())).await;
    assert_eq!(capped, 7 + 3600);
}

#[tokio::test(start_paused = true)]
async fn pauses_without_a_named_wait_grow_until_something_succeeds() {
    let gate = gate(&settings());
    let mut went = Vec::new();
    for _ in 0..4 {
        went.push(attempt(&gate, Class::Journeys, Err(throttled(None))).await);
    }
    went.push(attempt(&gate, Class::Journeys, Ok(accepted())).await);
    went.push(attempt(&gate, Class::Journeys, Err(throttled(None))).await);
    went.push(attempt(&gate, Class::Journeys, Ok(accepted())).await);
    assert_eq!(went, [0, 1, 3, 7, 15, 15, 16]);
}

#[tokio::test(start_paused = true)]
async fn attempts_that_were_under_way_together_make_one_pause() {
    let gate = gate(&settings());
    let mut under_way = Vec::new();
    for _ in 0..10 {
        under_way.push(Arc::clone(&gate).admit(Class::Inbound, Turn::First).await);
    }
    for admitted in under_way {
        admitted.report(&Err(throttled(None)));
    }
    let next = attempt(&gate, Class::Inbound, Err(throttled(None))).await;
    assert_eq!(next, 1, "ten answers, one reason");
    assert_eq!(attempt(&gate, Class::Inbound, Ok(accepted())).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_success_from_before_a_pause_does_not_end_the_streak() {
    let gate = gate(&settings());
    attempt(&gate, Class::Inbound, Err(throttled(None))).await;
    let slow = Arc::clone(&gate).admit(Class::Inbound, Turn::First).await;
    attempt(&gate, Class::Inbound, Err(throttled(None))).await;
    slow.report(&Ok(accepted()));
    assert_eq!(attempt(&gate, Class::Inbound, Err(throttled(None))).await, 3);
    assert_eq!(attempt(&gate, Class::Inbound, Ok(accepted())).await, 7);
}

#[tokio::test(start_paused = true)]
async fn on_hold_one_probe_goes_at_a_time_whatever_its_class() {
    let gate = gate(&settings());
    let mut held = gate.held();
    assert!(held.borrow_and_update().is_none());
    attempt(&gate, Class::Profiles, Err(unauthorized())).await;
    assert!(held.borrow_and_update().is_some());
    let probes = [Class::Inbound, Class::Profiles, Class::Tenants];
    let went = probes.map(|class| attempt(&gate, class, Err(unauthorized())));
    let mut went = futures::future::join_all(went).await;
    went.sort_unstable();
    assert_eq!(went, [10, 20, 30]);
    assert!(!held.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_success_or_a_refusal_ends_the_hold_for_everybody_at_once() {
    let refused = || Err(answered(FailureKind::Refused, 400, true));
    for result in [Ok(accepted()), refused(), Err(throttled(Some(1)))] {
        let gate = gate(&settings());
        attempt(&gate, Class::Profiles, Err(unauthorized())).await;
        let waiting = attempt(&gate, Class::Inbound, Ok(accepted()));
        let probe = attempt(&gate, Class::Profiles, result);
        assert_eq!(futures::join!(probe, waiting), (10, 10));
        assert!(gate.held().borrow().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_without_an_answer_or_dropped_leaves_the_hold() {
    let gate = gate(&settings());
    attempt(&gate, Class::Profiles, Err(unauthorized())).await;
    assert_eq!(attempt(&gate, Class::Profiles, Err(silence())).await, 10);
    drop(Arc::clone(&gate).admit(Class::Profiles, Turn::First).await);
    assert_eq!(gate.now(), seconds(20));
    assert!(gate.held().borrow().is_some());
    assert_eq!(attempt(&gate, Class::Profiles, Ok(accepted())).await, 30);
}

#[tokio::test(start_paused = true)]
async fn a_success_from_before_the_hold_does_not_end_it() {
    let gate = gate(&settings());
    let slow = Arc::clone(&gate).admit(Class::Inbound, Turn::First).await;
    attempt(&gate, Class::Profiles, Err(unauthorized())).await;
    slow.report(&Ok(accepted()));
    assert!(gate.held().borrow().is_some(), "its key was taken before, not now");
}

#[tokio::test(start_paused = true)]
async fn waits_without_an_end_do_not_overflow_the_clock() {
    let gate = gate(&Settings { retry_after_max: Duration::MAX, ..settings() });
    let forever = Failure { retry_after: Some(Duration::MAX), ..throttled(None) };
    attempt(&gate, Class::Profiles, Err(forever)).await;
    assert!(Arc::clone(&gate).admit(Class::Profiles, Turn::First).now_or_never().is_none());
}
