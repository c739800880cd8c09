//! Times and lengths of time as Courier's callers write them.

use std::time::Duration;

use crate::clock::Time;

/// An ISO 8601 time or day, since the Unix epoch; in UTC where no offset is given.
pub(super) fn time(text: &str) -> Option<Duration> {
    let in_utc = || Time::parse(&format!("{text}Z"));
    let day = || Time::parse(&format!("{text}T00:00:00Z"));
    Time::parse(text).or_else(in_utc).or_else(day).map(Time::since_epoch)
}

/// A number and a unit, as in "5 minutes" and "1 Day".
pub(super) fn length(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(char::is_whitespace)?;
    let number: f64 = number.parse().ok()?;
    let unit = match unit.trim().to_ascii_lowercase().trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 24 * 3_600,
        "week" => 7 * 24 * 3_600,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * f64::from(unit)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_an_offset_and_days_from_their_begin() {
        let secs = |text| time(text).map(|time| time.as_secs());
        assert_eq!(secs("2023-11-14T22:13:20Z"), Some(1_700_000_000));
        assert_eq!(secs("2023-11-14T23:13:20+01:00"), Some(1_700_000_000));
        assert_eq!(secs("2023-11-14T22:13:20"), Some(1_700_000_000));
        assert_eq!(secs("2023-11-14"), Some(1_699_920_000));
        for wrong in ["", "tomorrow", "2023-11", "1 Day", "Z"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lengths_have_a_number_and_a_unit() {
        let secs = |text| length(text).map(|length| length.as_secs());
        assert_eq!(secs("5 minutes"), Some(300));
        assert_eq!(secs("1 Day"), Some(86_400));
        assert_eq!(secs("0.5 hours"), Some(1_800));
        for wrong in ["", "5", "soon", "-1 days", "5 moons", "inf days", "1e300 weeks"] {
            assert_eq!(length(wrong), None, "{wrong}");
        }
    }
}
