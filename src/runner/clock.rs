//! The time of day as an argument, and how it is written. The one place of the runner that reads the wall clock.

#![expect(
    clippy::disallowed_types,
    reason = "what a person reads in a dead letter is the time of day; tests bring their own clock"
)]

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Gives the time of day.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

/// A time of day. Written as RFC 3339 in UTC, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(Duration);

impl Clock {
    /// The machine's clock. One set before 1970 counts as 1970.
    #[expect(clippy::disallowed_methods, reason = "this is where the wall clock is read")]
    pub fn system() -> Self {
        Self::from_fn(|| {
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
        })
    }

    /// A clock of the caller's: the time since the Unix epoch.
    pub fn from_fn(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    pub fn now(&self) -> Time {
        Time((self.0)())
    }
}

impl Time {
    /// Reads what [`Time`] writes; any fraction of a second is dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let mut date = date.split('-');
        let (year, month, day) = (date.next()?, date.next()?, date.next()?);
        let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
        let (time, _) = time.split_once('.').unwrap_or((time, ""));
        // A date of HTTP names its day of the week, of which one is right.
        let date = DAYS.iter().find_map(|name| {
            httpdate::parse_http_date(&format!("{name}, {day} {month} {year} {time} GMT")).ok()
        });
        date?.duration_since(SystemTime::UNIX_EPOCH).ok().map(Self)
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
        // The last second httpdate can write is that of the year 9999.
        let seconds = Duration::from_secs(self.0.as_secs().min(253_402_300_799));
        let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + seconds);
        // "Sun, 06 Nov 1994 08:49:37 GMT"
        let mut parts = date.split(' ').skip(1);
        let mut part = || parts.next().unwrap_or_default();
        let (day, month, year, time) = (part(), part(), part(), part());
        let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == month);
        let month = month.map_or(0, |(_, number)| number);
        let millis = self.0.subsec_millis();
        write!(f, "{year}-{month:02}-{day}T{time}.{millis:03}Z")
    }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in ["", "2000-02-29", "2000-13-01T00:00:00Z", "2000-00-01T00:00:00Z", "T:Z"] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_827_415_250, "2000-02-29T12:30:15.250Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            let clock = Clock::from_fn(move || Duration::from_millis(millis));
            assert_eq!(clock.now().to_string(), text);
            let read = Time::parse(text).unwrap();
            assert_eq!(clock.now().since(read), Duration::from_millis(millis % 1000));
        }
    }
}
