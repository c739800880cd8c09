//! When a batch is closed.

use std::num::NonZeroUsize;
use std::time::Duration;

/// A batch only gathers: whichever limit is reached first closes it, and closing it releases its steps. Nothing ever
/// waits for the answer to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most events; no limit where absent. Vector's `http` sink has none either.
    pub max_events: Option<NonZeroUsize>,
    /// The most bytes of events. The first event is always taken, so one larger than this is a batch of its own.
    pub max_bytes: NonZeroUsize,
    /// The longest that the first event of a batch waits for others.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_events: None,
            max_bytes: const { NonZeroUsize::new(10_000_000).unwrap() },
            // Vector waits a second; notifications are urgent.
            timeout: Duration::from_millis(100),
        }
    }
}
