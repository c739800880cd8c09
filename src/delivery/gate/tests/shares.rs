//! Who goes next: shares of first tries and retries, limits of single classes, and the hold for 403.

use super::*;
use crate::delivery::{AdaptiveConcurrency, AdaptiveRate, Concurrency};

/// Admits `count` attempts of one kind, one after the other, and notes the order.
async fn queue(gate: &Arc<Gate>, turn: Turn, count: usize, order: &Mutex<Vec<Turn>>) {
    for _ in 0..count {
        let admitted = Arc::clone(gate).admit(Class::Profiles, turn).await;
        order.lock().unwrap().push(turn);
        admitted.report(&Ok(accepted()));
    }
}

#[tokio::test(start_paused = true)]
async fn where_both_wait_retries_are_every_fifth_attempt() {
    let gate = gate(&Settings { rate: Some(rate(10)), ..at_once(1) });
    let order = Mutex::new(Vec::new());
    let both = async {
        tokio::join!(queue(&gate, Turn::First, 80, &order), queue(&gate, Turn::Retry, 80, &order),)
    };
    both.await;
    let order = order.into_inner().unwrap();
    for window in order.windows(10).take(80) {
        let retries = window.iter().filter(|turn| **turn == Turn::Retry).count();
        assert!((1..=3).contains(&retries), "{window:?}");
    }
    let both_waited = order.iter().take(80);
    let retries = both_waited.filter(|turn| **turn == Turn::Retry).count();
    assert!((8..=17).contains(&retries), "{retries} of 80");
}

#[tokio::test(start_paused = true)]
async fn a_class_has_a_limit_of_its_own_below_that_of_all() {
    let mut settings = Settings { rate: Some(rate(10)), ..at_once(9) };
    settings.class_rates[Class::Inbound.index()] = Some(rate(2));
    let gate = gate(&settings);
    for expected in [0, 5, 10] {
        assert_eq!(attempt(&gate, Class::Inbound, Ok(accepted())).await, expected);
    }
    for expected in [11, 12] {
        assert_eq!(attempt(&gate, Class::Profiles, Ok(accepted())).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn adaptive_concurrency_starts_at_its_start_and_grows() {
    let adaptive = Concurrency::Adaptive(AdaptiveConcurrency::default());
    let gate = gate(&Settings { concurrency: adaptive, ..settings() });
    let first = gate.try_admit(Class::Profiles, Turn::First).unwrap();
    assert!(gate.try_admit(Class::Inbound, Turn::First).is_none());
    first.report(&Ok(accepted()));
    let one = |gate: Arc<Gate>| async move {
        let admitted = gate.admit(Class::Inbound, Turn::First).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        admitted.report(&Ok(accepted()));
    };
    let many = (0..2_000).map(|_| one(Arc::clone(&gate)));
    futures::future::join_all(many).await;
    assert!(gate.now() < seconds(10), "{:?}", gate.now());
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_rate_paces_each_class_on_its_own() {
    let settings = Settings { adaptive_rate: Some(AdaptiveRate::default()), ..at_once(50) };
    let gate = gate(&settings);
    assert!(is_let(&gate, Class::Profiles) && is_let(&gate, Class::Inbound));
    assert!(!is_let(&gate, Class::Profiles), "ten a second is one each tenth of a second");
    tokio::time::advance(Duration::from_millis(100)).await;
    assert!(is_let(&gate, Class::Profiles));
}

#[tokio::test(start_paused = true)]
async fn only_a_success_ends_a_hold_for_403() {
    let forbidden = || Err(answered(FailureKind::Forbidden, 403, true));
    let gate = gate(&settings());
    attempt(&gate, Class::Profiles, forbidden()).await;
    assert_eq!(*gate.held().borrow(), Some(HoldReason::Forbidden));
    let refused = Err(answered(FailureKind::Refused, 400, true));
    assert_eq!(attempt(&gate, Class::Inbound, refused).await, 10);
    assert_eq!(gate.resumes(), 0);
    assert_eq!(attempt(&gate, Class::Inbound, Ok(accepted())).await, 20);
    assert_eq!((gate.resumes(), *gate.held().borrow()), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_known_again_has_let_nothing_through_yet() {
    let known = [answered(FailureKind::Refused, 400, true), throttled(Some(1))];
    for failure in known {
        let gate = gate(&settings());
        let forbidden = answered(FailureKind::Forbidden, 403, true);
        attempt(&gate, Class::Profiles, Err(forbidden)).await;
        attempt(&gate, Class::Inbound, Err(unauthorized())).await;
        attempt(&gate, Class::Inbound, Err(failure)).await;
        assert_eq!((gate.resumes(), *gate.held().borrow()), (0, None));
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchanged_key_is_tried_at_once() {
    let gate = gate(&settings());
    attempt(&gate, Class::Profiles, Err(unauthorized())).await;
    let mut waiting = Box::pin(attempt(&gate, Class::Profiles, Ok(accepted())));
    assert!((&mut waiting).now_or_never().is_none());
    gate.probe_now();
    assert_eq!(waiting.await, 0);
    assert!(gate.held().borrow().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_nothing_that_is_asked_for_again_and_again_is_no_busy_loop() {
    let gate = gate(&settings());
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(attempt(&gate, Class::Profiles, Err(throttled(Some(0)))).await);
    }
    assert_eq!(times, [0, 1, 3, 7, 15]);
}
