//! The controller against any sequence of inputs, and by hand.

use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::*;
use crate::delivery::{Ratio, Scale};

const MILLISECOND: Duration = Duration::from_millis(1);

fn adaptive() -> ConcurrencyController {
    ConcurrencyController::new(Concurrency::default())
}

/// Fills the limit, and ends all of it after `rtt`.
fn round(controller: &mut ConcurrencyController, now: &mut Duration, rtt: Duration) {
    let count = controller.limit();
    (0..count).for_each(|_| controller.started(*now));
    *now += rtt;
    for _ in 0..count {
        controller.ended(*now, rtt, Signal::Success);
    }
}

#[test]
fn it_starts_at_one_and_doubles_until_back_pressure() {
    let (mut controller, mut now) = (adaptive(), Duration::ZERO);
    assert_eq!(controller.limit(), 1);
    while controller.limit() < 64 {
        round(&mut controller, &mut now, 100 * MILLISECOND);
    }
    assert!(now < Duration::from_secs(2), "{now:?}");
    controller.started(now);
    assert_eq!(
        controller.ended(now + MILLISECOND, MILLISECOND, Signal::BackPressure),
        32,
        "back to the last good limit"
    );
}

#[test]
fn it_tells_what_the_limit_is_found_by() {
    let (mut controller, mut now) = (adaptive(), Duration::ZERO);
    let found = controller.found();
    assert_eq!((found.mean, found.usual, found.reached_limit), (None, None, false));
    while controller.limit() < 8 {
        round(&mut controller, &mut now, 100 * MILLISECOND);
    }
    // Until the limit has taken effect, nothing counts.
    now += 100 * MILLISECOND;
    (0..8).for_each(|_| controller.started(now));
    now += 200 * MILLISECOND;
    controller.ended(now, 200 * MILLISECOND, Signal::Success);
    let found = controller.found();
    let close = |seconds: Option<f64>, to: f64| seconds.is_some_and(|it| (it - to).abs() < 1e-9);
    assert!(close(found.mean, 0.2) && close(found.usual, 0.1) && found.reached_limit, "{found:?}");
}

#[test]
fn many_refusals_within_one_round_trip_are_one_decrease() {
    let (mut controller, mut now) = (adaptive(), Duration::ZERO);
    while controller.limit() < 64 {
        round(&mut controller, &mut now, 100 * MILLISECOND);
    }
    (0..64).for_each(|_| controller.started(now));
    now += MILLISECOND;
    for _ in 0..64 {
        controller.ended(now, MILLISECOND, Signal::BackPressure);
    }
    assert_eq!(controller.limit(), 32);
    controller.started(now);
    controller.ended(now + MILLISECOND, MILLISECOND, Signal::BackPressure);
    assert_eq!(controller.limit(), 32, "quick refusals are too soon as well");
    now += 200 * MILLISECOND;
    controller.started(now);
    controller.ended(now + MILLISECOND, MILLISECOND, Signal::BackPressure);
    assert_eq!(controller.limit(), 28, "a tenth less");
}

#[test]
fn a_limit_that_is_not_used_does_not_grow() {
    let (mut controller, mut now) = (adaptive(), Duration::ZERO);
    while controller.limit() < 8 {
        round(&mut controller, &mut now, 100 * MILLISECOND);
    }
    for _ in 0..100 {
        controller.started(now);
        now += 100 * MILLISECOND;
        controller.ended(now, 100 * MILLISECOND, Signal::Success);
    }
    assert_eq!(controller.limit(), 8);
}

#[test]
fn a_fixed_limit_stays() {
    let limit = NonZeroUsize::new(7).unwrap();
    let mut controller = ConcurrencyController::new(Concurrency::Fixed(limit));
    for signal in [Signal::BackPressure, Signal::Success, Signal::Neither] {
        controller.started(Duration::ZERO);
        assert_eq!(controller.ended(MILLISECOND, MILLISECOND, signal), 7);
    }
}

fn signals() -> impl Strategy<Value = Signal> {
    prop_oneof![
        4 => Just(Signal::Success),
        1 => Just(Signal::BackPressure),
        1 => Just(Signal::Neither),
    ]
}

/// Any duration, with those that are likeliest to do harm.
fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        3 => Just(Duration::ZERO),
        6 => (0u64..2_000).prop_map(Duration::from_millis),
        1 => any::<u64>().prop_map(Duration::from_secs),
        1 => Just(Duration::MAX),
    ]
}

proptest! {
    #[test]
    fn no_input_panics_or_leaves_the_bounds(
        initial in 1usize..300, max in 1usize..300,
        decrease in 0.001f64..0.999, alpha in 0.001f64..0.999, scale in 0.0f64..10.0,
        inputs in proptest::collection::vec((durations(), durations(), signals(), 0u32..20), 0..400),
    ) {
        let max = NonZeroUsize::new(max).unwrap();
        let mut controller = ConcurrencyController::new(Concurrency::Adaptive(AdaptiveConcurrency {
            initial_concurrency: NonZeroUsize::new(initial).unwrap(),
            max_concurrency_limit: max,
            decrease_ratio: Ratio::new(decrease).unwrap(),
            ewma_alpha: Ratio::new(alpha).unwrap(),
            rtt_deviation_scale: Scale::new(scale).unwrap(),
        }));
        let mut now = Duration::ZERO;
        for (gap, rtt, signal, starts) in inputs {
            (0..starts).for_each(|_| controller.started(now));
            now = now.saturating_add(gap);
            let limit = controller.ended(now, rtt, signal);
            prop_assert!((1..=max.get()).contains(&limit), "{}", limit);
            prop_assert_eq!(limit, controller.limit());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn refusals_alone_lead_to_one_and_success_leads_back(rtt in 1u64..10_000) {
        let rtt = Duration::from_millis(rtt);
        let (mut controller, mut now) = (adaptive(), Duration::ZERO);
        for _ in 0..30 {
            round(&mut controller, &mut now, rtt);
        }
        for _ in 0..200 {
            controller.started(now);
            now += 2 * rtt;
            controller.ended(now, rtt, Signal::BackPressure);
        }
        prop_assert_eq!(controller.limit(), 1);
        for _ in 0..400 {
            round(&mut controller, &mut now, rtt);
        }
        prop_assert_eq!(controller.limit(), 200);
    }
}
