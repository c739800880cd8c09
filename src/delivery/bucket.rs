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
