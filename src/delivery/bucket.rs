//! A token bucket as arithmetic: it is told the time and has no clock.

use std::time::Duration;

use super::Rate;

/// Lets `limit` through per `per`, and up to `burst` at once after a pause: in any window of length `per` never more
/// than `limit + burst`. (The generic cell rate algorithm: one moment instead of a count of tokens.)
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    interval: Duration,
    tolerance: Duration,
    /// When the bucket would be full again if nothing more was taken.
    full_at: Duration,
}

impl Bucket {
    pub(super) fn new(rate: Rate) -> Self {
        // A rate beyond one per nanosecond is no limit that could be kept.
        let interval = (rate.per / rate.limit.get()).max(Duration::from_nanos(1));
        Self {
            interval,
            tolerance: interval.saturating_mul(rate.burst.get() - 1),
            full_at: Duration::ZERO,
        }
    }

    /// Becomes a bucket of another rate, or none, with the tokens that are there: a change brings none. Where there was no
    /// bucket there is one token.
    pub(super) fn exchange(bucket: &mut Option<Self>, rate: Option<Rate>, now: Duration) {
        let tokens = bucket.as_ref().map_or(1.0, |before| before.tokens(now));
        *bucket = rate.map(|rate| {
            let fresh = Self::new(rate);
            let full = fresh.tolerance.saturating_add(fresh.interval);
            let left = Duration::try_from_secs_f64(tokens * fresh.interval.as_secs_f64());
            Self { full_at: now.saturating_add(full.saturating_sub(left.unwrap_or(full))), ..fresh }
        });
    }

    /// How many tokens there are, and what part of the next one.
    fn tokens(&self, now: Duration) -> f64 {
        let full = self.tolerance.saturating_add(self.interval);
        let left = full.saturating_sub(self.full_at.saturating_sub(now));
        left.as_secs_f64() / self.interval.as_secs_f64()
    }

    /// When there will be a token, if there is none now.
    pub(super) fn ready_at(&self, now: Duration) -> Option<Duration> {
        Some(self.full_at.saturating_sub(self.tolerance)).filter(|at| *at > now)
    }

    /// Takes a token, or says when there will be one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if let Some(at) = self.ready_at(now) {
            return Err(at);
        }
        self.full_at = self.full_at.max(now).saturating_add(self.interval);
        Ok(())
    }

    /// Goes on at another rate. What was taken at a slower one is not waited out.
    pub(super) fn set(&mut self, rate: Rate, now: Duration) {
        let Self { interval, tolerance, .. } = Self::new(rate);
        let full_at = self.full_at.min(now.saturating_add(interval));
        *self = Self { interval, tolerance, full_at };
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    fn rate(limit: u32, burst: u32) -> Rate {
        Rate {
            limit: NonZeroU32::new(limit).unwrap(),
            per: Duration::from_secs(1),
            burst: NonZeroU32::new(burst).unwrap(),
        }
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut bucket = Bucket::new(rate(10, 3));
        let start = Duration::from_secs(100);
        assert!((0..3).all(|_| bucket.take(start).is_ok()));
        assert_eq!(bucket.take(start), Err(start + Duration::from_millis(100)));
        assert!(bucket.take(start + Duration::from_millis(100)).is_ok());
        assert!(bucket.take(start + Duration::from_millis(150)).is_err());
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_limit_and_burst(
            limit in 1u32..50, burst in 1u32..20,
            gaps in proptest::collection::vec(0u64..200, 1..300),
        ) {
            let (mut bucket, mut now) = (Bucket::new(rate(limit, burst)), Duration::ZERO);
            let mut taken = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                while bucket.take(now).is_ok() {
                    taken.push(now);
                }
                let until = bucket.take(now).unwrap_err();
                prop_assert!(until > now && bucket.clone().take(until).is_ok(), "the moment named is the right one");
            }
            for (first, start) in taken.iter().enumerate() {
                let within = taken[first..].iter().take_while(|at| **at < *start + Duration::from_secs(1));
                prop_assert!(within.count() <= usize::try_from(limit + burst).unwrap());
            }
        }
    }
}
