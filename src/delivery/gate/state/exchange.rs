//! Other settings or another key for a gate in use: what was spent stays spent.

use std::time::Duration;

use super::State;
use crate::delivery::bucket::Bucket;
use crate::delivery::{Concurrency, Jitter, Retry, Settings};

impl State {
    /// Goes on with other settings, with no more tokens than there are.
    pub(in crate::delivery::gate) fn set(&mut self, settings: &Settings, now: Duration) {
        self.concurrency.set(settings.concurrency);
        self.has_adaptive_concurrency = matches!(settings.concurrency, Concurrency::Adaptive(_));
        Bucket::exchange(&mut self.bucket, settings.rate, now);
        for (class, rate) in self.classes.iter_mut().zip(settings.class_rates) {
            class.set(settings, rate, now);
        }
        self.has_adaptive_rate = settings.adaptive_rate.is_some();
        self.retry = Retry { jitter: Jitter::None, ..settings.retry.clone() };
        self.retry_after_max = settings.retry_after_max;
        self.hold_probe = settings.hold_probe;
    }

    /// The next probe may go at `at`, if there is a hold.
    pub(in crate::delivery::gate) fn probe_at(&mut self, at: Duration) {
        if let Some(hold) = &mut self.hold {
            hold.next_probe = hold.next_probe.min(at);
        }
    }
}
