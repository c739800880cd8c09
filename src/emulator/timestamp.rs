//! RFC 3339 text to the time since the Unix epoch, and back. Knows no clock.

use std::time::Duration;

/// Reads `2026-11-23T10:00:00Z`, with an optional fraction and an offset in place of the `Z`.
/// Times before 1970 count as unreadable.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-');
    let year = digits(date.next()?, 4)?;
    let month = digits(date.next()?, 2).filter(|month| (1..=12).contains(month))?;
    let day = digits(date.next()?, 2).filter(|day| (1..=31).contains(day))?;
    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => split_offset(time)?,
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.splitn(3, ':');
    let hours = digits(time.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = digits(time.next()?, 2).filter(|minutes| *minutes < 60)?;
    let seconds = digits(time.next()?, 2).filter(|seconds| *seconds < 61)?;
    let seconds =
        days_since_epoch(year, month, day) * 86_400 + hours * 3_600 + minutes * 60 + seconds
            - offset;
    Some(
        Duration::from_secs(u64::try_from(seconds).ok()?)
            + Duration::from_millis(millis(fraction)?),
    )
}

/// Writes the time as `2026-11-23T10:00:00.000Z`.
pub(super) fn format(time: Duration) -> String {
    let (days, rest) = (time.as_secs() / 86_400, time.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
    let millis = time.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

fn digits(text: &str, length: usize) -> Option<i64> {
    let plain = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn millis(fraction: &str) -> Option<u64> {
    let plain = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let first: String = fraction.chars().chain("00".chars()).take(3).collect();
    plain.then(|| first.parse().ok()).flatten()
}

/// Splits `10:00:00+02:00` into the time and the seconds its zone is ahead of UTC.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    let (time, offset, sign) = match (time.rsplit_once('+'), time.rsplit_once('-')) {
        (Some((time, offset)), _) => (time, offset, 1),
        (None, Some((time, offset))) => (time, offset, -1),
        (None, None) => return None,
    };
    let (hours, minutes) = offset.split_once(':')?;
    Some((time, sign * (digits(hours, 2)? * 3_600 + digits(minutes, 2)? * 60)))
}

/// Years are counted from March, so that the leap day is the last day of one.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    // 719 468 days lie between 0000-03-01 and 1970-01-01.
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// The date of a day since the epoch: the inverse of [`days_since_epoch`].
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    // A cycle of 400 years has 146 097 days.
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (cycle * 400 + year + carry, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times_are_read() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(Duration::ZERO));
        assert_eq!(parse("2000-02-29T12:30:15.250Z"), Some(Duration::from_millis(951_827_415_250)));
        assert_eq!(parse("2000-02-29T14:30:15+02:00"), Some(Duration::from_secs(951_827_415)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "1 Day", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_time_written_is_read_back(millis in 0_u64..4_000_000_000_000) {
            let time = Duration::from_millis(millis);
            prop_assert_eq!(parse(&format(time)), Some(time));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
