//! How long a `delay` step waits: `duration` as in "5 minutes", or `until` an ISO 8601 time.

use std::time::Duration;

use serde_json::Value;

use super::super::times;

/// The longest that is believed: beyond it a run would look as if it never ended.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

/// The time a step that is due at `at` waits, or what is wrong with it.
pub(super) fn length(step: &Value, at: Duration) -> Result<Duration, String> {
    let member = |name| step.get(name).filter(|value: &&Value| !value.is_null());
    let text = |value: &Value| value.as_str().map(str::trim).unwrap_or_default().to_owned();
    match (member("duration"), member("until")) {
        (Some(duration), _) => times::length(&text(duration))
            .map(|length| length.min(LONGEST))
            .ok_or_else(|| format!("{duration} is not a duration such as \"5 minutes\"")),
        (None, Some(until)) => times::time(&text(until))
            .map(|until| until.saturating_sub(at).min(LONGEST))
            .ok_or_else(|| format!("{until} is not an ISO 8601 time")),
        (None, None) => Err("a delay has a 'duration' or an 'until'".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_and_times_are_read_and_nothing_else_is() {
        let at = Duration::from_secs(1_700_000_000);
        let length = |step: &Value| length(step, at).map(|time| time.as_secs());
        assert_eq!(length(&json!({"duration": "5 minutes"})), Ok(300));
        assert_eq!(length(&json!({"duration": "1 hour", "until": null})), Ok(3_600));
        assert_eq!(length(&json!({"until": "2023-11-14T22:14:20Z"})), Ok(60));
        assert_eq!(length(&json!({"until": "2001-01-01T00:00:00Z"})), Ok(0));
        for wrong in [
            json!({}),
            json!({"duration": "soon"}),
            json!({"duration": 5}),
            json!({"until": "then"}),
        ] {
            assert!(length(&wrong).is_err(), "{wrong}");
        }
    }
}
