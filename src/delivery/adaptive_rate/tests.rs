//! The controller against any sequence of inputs, and by hand.

use proptest::prelude::*;

use super::*;
use crate::delivery::PerSecond;

/// Admits at the controller's rate for so many seconds, all answered at once.
fn run(controller: &mut RateController, now: &mut Duration, seconds: u64) {
    let end = *now + Duration::from_secs(seconds);
    while *now < end {
        controller.admitted(*now);
        controller.ended(*now, Duration::ZERO, Signal::Success);
        *now += controller.rate().per;
    }
}

#[test]
fn it_doubles_until_throttled_and_goes_back_a_step() {
    let mut controller = RateController::new(&AdaptiveRate::default());
    let mut now = Duration::ZERO;
    run(&mut controller, &mut now, 4);
    controller.admitted(now);
    let before = controller.per_second();
    assert!(before >= 80.0, "{before}");
    assert!(controller.ended(now, Duration::ZERO, Signal::BackPressure));
    assert!((controller.per_second() - before / 2.0).abs() < 1e-9);
}

#[test]
fn refusals_of_what_was_sent_before_the_pause_count_once() {
    let mut controller = RateController::new(&AdaptiveRate::default());
    let mut now = Duration::ZERO;
    run(&mut controller, &mut now, 4);
    let before = controller.per_second();
    now += Duration::from_millis(100);
    for _ in 0..50 {
        now += Duration::from_millis(1);
        controller.ended(now, Duration::from_millis(100), Signal::BackPressure);
    }
    assert!((controller.per_second() - before / 2.0).abs() < 1e-9);
}

#[test]
fn a_rate_that_is_not_used_does_not_grow() {
    let mut controller = RateController::new(&AdaptiveRate::default());
    for second in 0..100 {
        controller.admitted(Duration::from_secs(second));
        controller.ended(Duration::from_secs(second), Duration::ZERO, Signal::Success);
    }
    assert!((controller.per_second() - 10.0).abs() < 1e-9);
}

#[test]
fn a_server_that_only_fails_is_not_asked_faster() {
    let mut controller = RateController::new(&AdaptiveRate::default());
    for tenth in 0..1000 {
        let now = Duration::from_millis(100) * tenth;
        controller.admitted(now);
        controller.ended(now, Duration::ZERO, Signal::Neither);
    }
    assert!((controller.per_second() - 10.0).abs() < 1e-9);
}

#[test]
fn a_refusal_after_an_idle_hour_is_no_measurement() {
    let mut controller = RateController::new(&AdaptiveRate::default());
    let mut now = Duration::ZERO;
    run(&mut controller, &mut now, 4);
    for signal in [Signal::BackPressure, Signal::Success, Signal::BackPressure] {
        now += Duration::from_secs(3600);
        controller.admitted(now);
        controller.ended(now, Duration::ZERO, signal);
    }
    now += Duration::from_secs(1);
    controller.admitted(now);
    controller.ended(now, Duration::ZERO, Signal::Success);
    let rate = controller.per_second();
    assert!(rate >= 20.0, "{rate}");
}

proptest! {
    #[test]
    fn no_input_panics_or_leaves_the_bounds(
        initial in 0.001f64..1e6, floor in 0.001f64..1e6, ceiling in 0.001f64..1e6,
        inputs in proptest::collection::vec((0u32..12, any::<u64>(), any::<u64>(), 0u8..4), 0..400),
    ) {
        let settings = AdaptiveRate {
            initial: PerSecond::new(initial).unwrap(),
            floor: PerSecond::new(floor).unwrap(),
            ceiling: PerSecond::new(ceiling).unwrap(),
        };
        let mut controller = RateController::new(&settings);
        let mut now = Duration::ZERO;
        for (magnitude, gap, rtt, kind) in inputs {
            // Durations of every size, from nothing to centuries.
            let size = 10u64.saturating_pow(magnitude);
            now = now.saturating_add(Duration::from_micros(gap % size));
            if magnitude == 11 && gap % 50 == 0 {
                now = Duration::MAX;
            }
            controller.admitted(now);
            let signal = match kind {
                0 | 1 => Signal::Success,
                2 => Signal::BackPressure,
                _ => Signal::Neither,
            };
            controller.ended(now, Duration::from_micros(rtt % size), signal);
            let rate = controller.per_second();
            prop_assert!(rate >= floor.min(ceiling) && rate <= ceiling, "{}", rate);
            prop_assert!(controller.rate().per > Duration::ZERO);
        }
    }

    #[test]
    fn throttled_for_ever_it_keeps_to_the_floor(gap in 1u64..100_000) {
        let mut controller = RateController::new(&AdaptiveRate::default());
        let mut now = Duration::ZERO;
        for _ in 0..100 {
            now += Duration::from_millis(gap);
            controller.admitted(now);
            controller.ended(now, Duration::ZERO, Signal::BackPressure);
        }
        prop_assert!((controller.per_second() - 0.1).abs() < 1e-9);
    }
}
