//! How often, how fast, how many at once: checked values.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// The settings of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Attempts under way at once, over all classes. Default 20, the connections that Courier's own Python client keeps
    /// alive.
    pub concurrency: NonZeroUsize,
    /// The pace of all attempts together; none where absent.
    pub rate: Option<Rate>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
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

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: const { NonZeroUsize::new(20).unwrap() },
            rate: None,
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
            attempts: usize::MAX,
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(30),
            jitter: Jitter::default(),
        }
    }
}
