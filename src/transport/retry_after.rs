//! How long a server asks to wait, from its headers: `retry-after-ms`, else `Retry-After`.
//!
//! As in Courier's own clients: `retry-after-ms` counts milliseconds, `Retry-After` seconds, both perhaps with a
//! fraction, or it is an HTTP date. The clock is an argument; no limit is applied.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The wait that `headers` ask for at `now` (since 1970). What cannot be read or lies in the past asks for nothing.
pub(super) fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let text = |value: &http::HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    let in_milliseconds =
        headers.get("retry-after-ms").and_then(text).and_then(|text| duration(&text, 1000.0));
    in_milliseconds.or_else(|| {
        let text = headers.get(RETRY_AFTER).and_then(text)?;
        duration(&text, 1.0).or_else(|| until(&text, now))
    })
}

/// `text` as a number, of which there are `per_second` to a second.
fn duration(text: &str, per_second: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    // Refuses what is negative, infinite, no number, or more than a Duration holds.
    Duration::try_from_secs_f64(number / per_second).ok()
}

fn until(date: &str, now: Duration) -> Option<Duration> {
    let date = httpdate::parse_http_date(date).ok()?;
    date.duration_since(UNIX_EPOCH).ok()?.checked_sub(now)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// 1994-11-06T08:49:37Z
    const NOW: Duration = Duration::from_secs(784_111_777);

    fn wait(headers: &[(&'static str, &str)]) -> Option<Duration> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        retry_after(&headers, NOW)
    }

    #[test]
    fn milliseconds_come_before_seconds_and_seconds_before_a_date() {
        for (headers, expected) in [
            (&[][..], None),
            (&[("retry-after", "7")], Some(Duration::from_secs(7))),
            (&[("retry-after", "0.25")], Some(Duration::from_millis(250))),
            (&[("retry-after", "0")], Some(Duration::ZERO)),
            (&[("retry-after-ms", "1.5")], Some(Duration::from_micros(1500))),
            (&[("retry-after-ms", "20"), ("retry-after", "7")], Some(Duration::from_millis(20))),
            (&[("retry-after-ms", "soon"), ("retry-after", "7")], Some(Duration::from_secs(7))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], Some(Duration::from_secs(30))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:36 GMT")], None),
            (&[("retry-after", "999999999")], Some(Duration::from_secs(999_999_999))),
        ] {
            assert_eq!(wait(headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn what_is_no_wait_asks_for_nothing() {
        for text in ["-1", "NaN", "inf", "-inf", "1e400", "1e30", "", "soon", "1,5"] {
            assert_eq!(wait(&[("retry-after", text)]), None, "{text}");
            assert_eq!(wait(&[("retry-after-ms", text)]), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(
            ms in proptest::collection::vec(any::<u8>(), 0..40),
            seconds in "[-+0-9eE.a-zA-Z:, ]{0,40}",
            now in any::<u64>(),
        ) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&ms) {
                headers.insert("retry-after-ms", value);
            }
            if let Ok(value) = HeaderValue::from_str(&seconds) {
                headers.insert(RETRY_AFTER, value);
            }
            let _ = retry_after(&headers, Duration::from_secs(now));
        }

        #[test]
        fn every_finite_wait_is_kept(seconds in 0.0..1e9_f64) {
            let wait = wait(&[("retry-after", &seconds.to_string())]);
            prop_assert_eq!(wait, Duration::try_from_secs_f64(seconds).ok());
        }
    }
}
