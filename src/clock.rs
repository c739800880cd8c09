//! The time of day as an argument, and how it is written.
//!
//! In: a function that knows the time, or RFC 3339 text. Out: [`Time`]. It does not know what the time is needed for; what
//! waits uses tokio's clock, which nobody can set.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

/// Gives the time of day. Clones share it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

/// A time of day, from 1970 on. Written as RFC 3339 in UTC, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(Duration);

impl Clock {
    /// The machine's clock. One set before 1970 counts as 1970.
    #[expect(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "this is where the wall clock is read; tests bring their own clock"
    )]
    pub fn system() -> Self {
        use std::time::SystemTime;

        Self::from_fn(|| {
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
        })
    }

    /// A clock of the caller's: the time since the Unix epoch. It is asked under no lock.
    pub fn from_fn(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    pub fn now(&self) -> Time {
        Time((self.0)())
    }
}

impl Time {
    /// The time that came so long after the Unix epoch.
    pub const fn from_epoch(since: Duration) -> Self {
        Self(since)
    }

    /// How long it came after the Unix epoch.
    pub const fn since_epoch(self) -> Duration {
        self.0
    }

    /// Reads RFC 3339 text, with any offset and as many decimals as there are. A time before 1970 is none: a field that
    /// nobody set is often written as the year 1.
    pub fn parse(text: &str) -> Option<Self> {
        let time: Timestamp = text.parse().ok()?;
        Duration::try_from(time.as_duration()).ok().map(Self)
    }

    /// The time so much later.
    #[must_use]
    pub const fn after(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length))
    }

    /// How much later it is than `earlier`, or nothing.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What lies beyond the year 9999 has no such text.
        let millis = i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX);
        let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(text: &str) -> Option<u128> {
        Time::parse(text).map(|time| time.since_epoch().as_millis())
    }

    #[test]
    fn times_are_read_with_any_offset_and_precision() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:30:15.250Z", 951_827_415_250),
            ("2000-02-29T12:30:15.250999+00:00", 951_827_415_250),
            ("2000-02-29T14:30:15.25+02:00", 951_827_415_250),
            ("2000-02-29 12:30:15.25z", 951_827_415_250),
        ] {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in [
            "",
            "1 Day",
            "2000-02-29",
            "2000-02-29T12:30:15",
            "2001-02-29T00:00:00Z",
            "2000-13-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "2000-02-29T12:30:15+99:00",
            "T:Z",
            "951827415",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn the_farthest_time_can_be_written() {
        let text = Time::from_epoch(Duration::MAX).to_string();
        assert!(text.starts_with("9999-12-30T"), "{text}");
    }

    proptest! {
        #[test]
        fn a_time_written_is_read_back(millis in 0_u64..4_000_000_000_000) {
            let time = Time::from_epoch(Duration::from_millis(millis));
            prop_assert_eq!(Time::parse(&time.to_string()), Some(time));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}", digits in "[-0-9TtZz:+. ]{0,40}") {
            let _ = (Time::parse(&text), Time::parse(&digits));
        }
    }
}
