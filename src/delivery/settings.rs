//! How often, how fast, how many at once: checked values.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::RetryStrategy;
use crate::courier::Class;

/// The settings of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Attempts under way at once, over all classes. Default adaptive.
    pub concurrency: Concurrency,
    /// The pace of all attempts together; none where absent.
    pub rate: Option<Rate>,
    /// The pace of single classes, by [`Class::index`](crate::courier::Class::index); none where absent.
    pub class_rates: [Option<Rate>; Class::ALL.len()],
    /// Whether each class finds its own limit; absent where not.
    pub adaptive_rate: Option<AdaptiveRate>,
    /// How long one attempt may take. Default 60 s.
    pub timeout: Duration,
    /// How failed attempts are repeated
    pub retry: Retry,
    /// How long a `Retry-After` is believed. Default an hour.
    pub retry_after_max: Duration,
    /// How often a wrong key is tried again. Default 10 s.
    pub hold_probe: Duration,
}

/// So many attempts in so long a time, retries included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Attempts
    pub limit: NonZeroU32,
    /// The time; never zero
    pub per: Duration,
    /// How many may go at once after a pause
    pub burst: NonZeroU32,
}

/// How failed attempts are repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Which failures are followed by another attempt
    pub strategy: RetryStrategy,
    /// Repetitions after the first attempt; those on hold do not count. Default no limit.
    pub attempts: usize,
    /// The wait before the first repetition; it doubles with each. Default 1 s.
    pub initial_backoff: Duration,
    /// The longest wait before a repetition, unless the server asks for more. Default 30 s.
    pub max_backoff: Duration,
    /// Whether waits are drawn by lot
    pub jitter: Jitter,
}

/// Whether waits are drawn by lot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Between nothing and the wait, so that many clients do not come back at once
    #[default]
    Full,
    /// No: for tests and single clients
    None,
}

impl Rate {
    /// The rate with the default burst: a twentieth of the limit, at least one.
    pub fn new(limit: NonZeroU32, per: Duration) -> Self {
        let burst = NonZeroU32::new(limit.get() / 20).unwrap_or(NonZeroU32::MIN);
        Self { limit, per, burst }
    }
}

impl Settings {
    /// For how long after the first attempt with an idempotency key others may be made with the same, by how often and
    /// how far apart they are. What is held or paced takes longer, which nothing bounds.
    pub fn key_horizon(&self) -> Duration {
        let wait = self.retry.max_backoff.max(self.retry_after_max).saturating_add(self.timeout);
        let is_repeated = self.retry.strategy != RetryStrategy::None;
        let attempts = if is_repeated { self.retry.attempts } else { 0 };
        wait.saturating_mul(u32::try_from(attempts).unwrap_or(u32::MAX))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: Concurrency::default(),
            rate: None,
            class_rates: [None; Class::ALL.len()],
            adaptive_rate: None,
            timeout: Duration::from_secs(60),
            retry: Retry::default(),
            retry_after_max: Duration::from_secs(3600),
            hold_probe: Duration::from_secs(10),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            strategy: RetryStrategy::default(),
            attempts: usize::MAX,
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(30),
            jitter: Jitter::default(),
        }
    }
}

/// How many attempts may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// As many as the server bears, found by [`ConcurrencyController`](super::ConcurrencyController)
    Adaptive(AdaptiveConcurrency),
    /// Always so many
    Fixed(NonZeroUsize),
}

/// How the number of attempts under way is found; names and defaults are those of Vector's
/// `request.adaptive_concurrency`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveConcurrency {
    /// Where it starts. Default 1; a limit above `max_concurrency_limit` is that limit.
    pub initial_concurrency: NonZeroUsize,
    /// What it never exceeds. Default 200.
    pub max_concurrency_limit: NonZeroUsize,
    /// What is left of the limit after a sign of trouble. Default 0.9.
    pub decrease_ratio: Ratio,
    /// How much the newest measurement of latency weighs against what was known. Default 0.4.
    pub ewma_alpha: Ratio,
    /// How many standard errors a latency lies above the usual one before it is trouble. Default 2.5; lower is more
    /// sensitive.
    pub rtt_deviation_scale: Scale,
}

/// Where the search for an unknown rate limit starts, and what it stays within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveRate {
    /// Where it starts. Default 10 a second; outside of floor and ceiling it is the nearer of the two.
    pub initial: PerSecond,
    /// What it never falls below, so that nothing starves. Default one in ten seconds: below the least that Courier
    /// documents, 20 list writes a minute.
    pub floor: PerSecond,
    /// What it never exceeds. Default 10 000 a second, far above what one API key is let.
    pub ceiling: PerSecond,
}

/// A number between 0 and 1, both excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio(f64);

/// A finite number from 0 up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale(f64);

/// Attempts in a second: from one in a day (about 0.0000116) to a thousand million.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerSecond(f64);

// None of them can be NaN, the one number that does not equal itself.
impl Eq for Ratio {}
impl Eq for Scale {}
impl Eq for PerSecond {}

impl Ratio {
    /// The ratio, if it lies between 0 and 1.
    pub const fn new(number: f64) -> Option<Self> {
        if number > 0.0 && number < 1.0 { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Scale {
    /// The scale, if it is finite and not negative.
    pub const fn new(number: f64) -> Option<Self> {
        if number >= 0.0 && number.is_finite() { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl PerSecond {
    /// One in a day: slower than this is not slow but stopped.
    const LEAST: f64 = 1.0 / 86_400.0;
    /// One in a nanosecond, which is as finely as intervals are measured.
    const MOST: f64 = 1e9;

    /// The rate, if it lies within the bounds.
    pub const fn new(number: f64) -> Option<Self> {
        if number >= Self::LEAST && number <= Self::MOST { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Default for AdaptiveConcurrency {
    fn default() -> Self {
        Self {
            initial_concurrency: NonZeroUsize::MIN,
            max_concurrency_limit: const { NonZeroUsize::new(200).unwrap() },
            decrease_ratio: const { Ratio::new(0.9).unwrap() },
            ewma_alpha: const { Ratio::new(0.4).unwrap() },
            rtt_deviation_scale: const { Scale::new(2.5).unwrap() },
        }
    }
}

impl Default for Concurrency {
    fn default() -> Self {
        Self::Adaptive(AdaptiveConcurrency::default())
    }
}

impl Default for AdaptiveRate {
    fn default() -> Self {
        Self {
            initial: const { PerSecond::new(10.0).unwrap() },
            floor: const { PerSecond::new(0.1).unwrap() },
            ceiling: const { PerSecond::new(10_000.0).unwrap() },
        }
    }
}
