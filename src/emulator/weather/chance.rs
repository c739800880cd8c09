//! Draws that depend on a seed, on what they are for, and on the request's number, and on nothing else.

use std::time::Duration;

use crate::config::emulator::{Distribution, Endpoints, Latency, Schedule};

/// The longest that one answer waits: an exponential distribution has no end.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Chance(fastrand::Rng);

impl Chance {
    pub(super) fn new(seed: u64, salt: u64, number: u64) -> Self {
        // Odd factors keep neighbouring numbers and salts apart; the generator mixes the rest.
        let mixed = seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(salt.wrapping_mul(0xd6e8_feb8_6659_fd93))
            .wrapping_add(number.wrapping_mul(0xa076_1d64_78bd_642f));
        let mut rng = fastrand::Rng::with_seed(mixed ^ (mixed >> 29));
        rng.u64(..);
        Self(rng)
    }

    pub(super) fn below(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.u64(..)
    }
}

/// Whether a schedule is in force at an age, for requests of that class.
pub(super) fn is_due(schedule: &Schedule, class: Option<Endpoints>, age: Duration) -> bool {
    let is_among = |classes: &Vec<Endpoints>| class.is_some_and(|class| classes.contains(&class));
    if !schedule.classes.as_ref().is_none_or(is_among) {
        return false;
    }
    let Some(age) = age.checked_sub(schedule.from) else {
        return false;
    };
    let end = schedule.until.map(|until| until.saturating_sub(schedule.from));
    let in_turn = |(every, length): (Duration, Duration)| {
        age.as_nanos().checked_rem(every.as_nanos()).is_none_or(|past| past < length.as_nanos())
    };
    end.is_none_or(|end| age < end) && schedule.every.is_none_or(in_turn)
}

pub(super) fn latency(latency: &Latency, chance: &mut Chance) -> Duration {
    let mean = latency.mean.as_secs_f64();
    let drawn = match latency.distribution {
        Distribution::Constant => mean,
        Distribution::Uniform => mean * 2.0 * chance.0.f64(),
        // The complement, since the logarithm of 0 has no value.
        Distribution::Exponential => -(1.0 - chance.0.f64()).ln() * mean,
    };
    let jitter = latency.jitter.as_secs_f64() * (2.0 * chance.0.f64() - 1.0);
    let seconds = (drawn + jitter).clamp(0.0, LONGEST.as_secs_f64());
    Duration::from_secs_f64(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::Class;

    const ALWAYS: Schedule = Schedule {
        probability: 1.0,
        from: Duration::ZERO,
        until: None,
        every: None,
        classes: None,
        seed: None,
    };

    fn hits(seed: u64, salt: u64, probability: f64) -> Vec<bool> {
        (0..10_000).map(|number| Chance::new(seed, salt, number).below(probability)).collect()
    }

    #[test]
    fn draws_repeat_with_their_seed_and_come_as_often_as_they_should() {
        assert_eq!(hits(1, 2, 0.3), hits(1, 2, 0.3));
        assert_ne!(hits(1, 2, 0.3), hits(2, 2, 0.3));
        assert_ne!(hits(1, 2, 0.3), hits(1, 3, 0.3));
        for seed in 0..5 {
            let count = hits(seed, 1, 0.3).into_iter().filter(|hit| *hit).count();
            assert!((2_800..3_200).contains(&count), "{count} of 10 000");
        }
    }

    #[test]
    fn a_schedule_begins_ends_and_comes_again() {
        let secs = Duration::from_secs;
        let schedule = Schedule {
            from: secs(10),
            until: Some(secs(40)),
            every: Some((secs(10), secs(2))),
            ..ALWAYS
        };
        let due: Vec<u64> = (0..60).filter(|age| is_due(&schedule, None, secs(*age))).collect();
        assert_eq!(due, [10, 11, 20, 21, 30, 31]);
        assert!(is_due(&ALWAYS, None, Duration::ZERO));
    }

    #[test]
    fn a_schedule_of_classes_is_in_force_for_no_other_and_not_for_what_has_none() {
        let (inbound, lists) = (Endpoints::Of(Class::Inbound), Endpoints::Lists);
        let classes = Some(vec![lists, inbound]);
        let schedule = Schedule { classes, ..ALWAYS };
        let is_due = |class| is_due(&schedule, class, Duration::ZERO);
        let all = Endpoints::ALL.into_iter();
        let due: Vec<Endpoints> = all.filter(|class| is_due(Some(*class))).collect();
        assert_eq!(due, [inbound, lists]);
        assert!(!is_due(None));
    }

    #[test]
    fn latencies_have_their_mean() {
        for distribution in
            [Distribution::Constant, Distribution::Uniform, Distribution::Exponential]
        {
            let it = Latency {
                distribution,
                mean: Duration::from_millis(100),
                jitter: Duration::from_millis(10),
                schedule: ALWAYS,
            };
            let all = (0..10_000).map(|number| latency(&it, &mut Chance::new(5, 0, number)));
            let mean = all.sum::<Duration>() / 10_000;
            let is_near = (Duration::from_millis(96)..Duration::from_millis(104)).contains(&mean);
            assert!(is_near, "{distribution:?}: {mean:?}");
        }
    }
}
