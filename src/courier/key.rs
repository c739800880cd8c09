//! Idempotency keys: the same for the same work, another one for each new generation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Request;

/// The value of an `Idempotency-Key` header: a UUID (version 8), as Courier recommends a UUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// How often the work has to be told apart from itself: Courier stores the first answer to a key, errors included,
/// and replays it for a day, so after a stored error only a new generation can succeed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u32);

/// Everything a key is made of besides the request and the generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySeed {
    /// The sink's name: two sinks that send the same event do different work.
    pub sink: Arc<str>,
    /// The event's `messageId`.
    pub message_id: Arc<str>,
    /// Which of the event's steps, from 0.
    pub step: u16,
}

/// How long Courier is to be asked to remember a key that may be used again for `horizon`; `None` where it does so anyway,
/// for a day. Longer than a year it cannot be asked for, nor shorter than a day; an hour is for clocks that differ.
/// (<https://www.courier.com/docs/reference/idempotent-requests>)
pub fn retention(horizon: Duration) -> Option<Duration> {
    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let wanted = horizon.saturating_add(HOUR);
    (wanted > DAY).then(|| wanted.clamp(DAY.saturating_add(HOUR), YEAR.saturating_sub(HOUR)))
}

impl Generation {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl KeySeed {
    /// The key for `request` in `generation`: a hash of sink name, method, path, message id, step and generation.
    pub fn key(&self, request: &Request, generation: Generation) -> IdempotencyKey {
        let mut hash = Sha256::new();
        for part in [&*self.sink, request.method().as_str(), &request.path(), &*self.message_id] {
            // The length keeps "a","bc" apart from "ab","c".
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(self.step.to_be_bytes());
        hash.update(generation.0.to_be_bytes());
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        let uuid = uuid::Builder::from_custom_bytes(half).into_uuid();
        IdempotencyKey(uuid.hyphenated().to_string())
    }
}

impl IdempotencyKey {
    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::Body;

    #[test]
    fn every_part_changes_the_key_and_nothing_else_does() {
        let request = |path: &str| Request::InvokeAutomation {
            template: super::super::TemplateId::new(path).unwrap(),
            body: Body::empty_object(),
        };
        let seed =
            |sink: &str, id: &str, step| KeySeed { sink: sink.into(), message_id: id.into(), step };
        let key = seed("s", "m", 0).key(&request("t"), Generation(0));
        assert_eq!(key, seed("s", "m", 0).key(&request("t"), Generation(0)));
        assert_eq!(key.as_str().len(), 36);
        for other in [
            seed("S", "m", 0).key(&request("t"), Generation(0)),
            seed("s", "M", 0).key(&request("t"), Generation(0)),
            seed("s", "m", 1).key(&request("t"), Generation(0)),
            seed("s", "m", 0).key(&request("T"), Generation(0)),
            seed("s", "m", 0).key(&request("t"), Generation(1)),
        ] {
            assert_ne!(key, other);
        }
    }

    #[test]
    fn courier_is_asked_to_remember_a_key_for_more_than_a_day_and_less_than_a_year() {
        let hours = |hours: u64| Duration::from_secs(3600 * hours);
        for (horizon, expected) in [
            (hours(0), None),
            (hours(23), None),
            (hours(24), Some(hours(25))),
            (hours(48), Some(hours(49))),
            (Duration::MAX, Some(hours(365 * 24 - 1))),
        ] {
            assert_eq!(retention(horizon), expected);
        }
    }
}
