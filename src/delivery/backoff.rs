//! How long to wait before a repetition, as arithmetic: chance is an argument.

use std::time::Duration;

use super::{Jitter, Retry};

/// The wait before repetition number `retry` (from 0): the initial wait, doubled each time, capped, and with full
/// jitter a part of that, drawn by `chance` from 0 to 1.
pub(super) fn wait(settings: &Retry, retry: usize, chance: f64) -> Duration {
    let doublings = u32::try_from(retry).unwrap_or(u32::MAX).min(31);
    let full = settings.initial_backoff.saturating_mul(1 << doublings).min(settings.max_backoff);
    match settings.jitter {
        Jitter::Full => full.mul_f64(chance.clamp(0.0, 1.0)),
        Jitter::None => full,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let settings = Retry { jitter: Jitter::None, ..Retry::default() };
        let waits: Vec<u64> = (0..8).map(|retry| wait(&settings, retry, 0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait(&settings, usize::MAX, 0.0).as_secs(), 30);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_the_wait(retry in 0usize..100, chance in 0.0f64..=1.0) {
            let full = Retry { jitter: Jitter::None, ..Retry::default() };
            prop_assert!(wait(&Retry::default(), retry, chance) <= wait(&full, retry, 0.0));
        }
    }
}
