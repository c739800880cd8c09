//! The time of day as an argument: a function that gives it. The one place of the emulator that
//! may read the wall clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Gives the time that has passed since the Unix epoch.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// The machine's clock. One set before 1970 counts as 1970.
    #[expect(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "retention is promised in hours of the day; tests bring their own clock"
    )]
    pub fn system() -> Self {
        use std::time::SystemTime;

        Self::from_fn(|| {
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
        })
    }

    /// A clock of the caller's; it is asked once per request, under no lock.
    pub fn from_fn(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn now(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&self.now()).finish()
    }
}
