//! How old events may become, and how old one is. Pure: the time is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Time;
use crate::event::{Event, EventType};

/// How old events may become before nothing more of them is begun: they end Rejected (`expired`), with a dead letter.
/// By default any age. Of several limits the most specific one counts: a track event's name, its type, the sink's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expiration {
    /// The limit for all events
    pub after: Option<Duration>,
    /// Limits for types of events
    pub by_type: BTreeMap<EventType, Duration>,
    /// Limits for track events, by their names
    pub by_name: BTreeMap<String, Duration>,
    /// What ages count from
    pub from: ExpiresFrom,
}

/// What ages count from. A time that is absent or cannot be read counts as absent, and one in the future as now: no
/// event lives longer than its limit from the moment it came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiresFrom {
    /// `receivedAt`, which RudderStack's server writes; else the moment the event came in
    #[default]
    ReceivedAt,
    /// `timestamp`, else `originalTimestamp`, both as true as the client's clock; else as [`ExpiresFrom::ReceivedAt`]
    Timestamp,
}

impl ExpiresFrom {
    /// The members that tell, best first.
    const fn members(self) -> &'static [&'static str] {
        match self {
            Self::ReceivedAt => &["receivedAt"],
            Self::Timestamp => &["timestamp", "originalTimestamp", "receivedAt"],
        }
    }
}

impl Expiration {
    /// How old `event` may become; any age where absent.
    pub fn limit(&self, event: &Event) -> Option<Duration> {
        // Most sinks have no limits, and pay nothing for those of others.
        let by_name = || event.name.as_ref().and_then(|name| self.by_name.get(name));
        let by_name = if self.by_name.is_empty() { None } else { by_name() };
        by_name.or_else(|| self.by_type.get(&event.kind)).copied().or(self.after)
    }

    /// How old `event` is, `now` being the time it came in; `None` where it does not say, and so counts as new.
    pub fn age(&self, event: &Event, now: Time) -> Option<Duration> {
        let members = self.from.members().iter();
        let born = members.filter_map(|name| event.body.member(name)?.to_text());
        let mut born = born.filter_map(|text| Time::parse(text.trim()));
        born.next().map(|born| now.since(born))
    }
}

/// An event's age when it came in, and what it may become. From then on it grows with tokio's clock, so that no change of
/// the wall clock makes an event older or younger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    pub(super) began: Instant,
    /// Not known where it does not say
    pub(super) age: Option<Duration>,
    pub(super) limit: Duration,
}

impl Lifetime {
    pub(super) fn deadline(&self) -> Instant {
        // A limit is at most a year, which the clock can be added.
        self.began + self.limit.saturating_sub(self.age.unwrap_or_default())
    }

    /// What a letter says, `last` being what became of the last attempt.
    pub(super) fn detail(&self, last: &str) -> String {
        let age = self.age.unwrap_or_default().saturating_add(self.began.elapsed()).as_secs();
        let limit = self.limit.as_secs_f64();
        let last = if last.is_empty() { String::new() } else { format!("; last attempt: {last}") };
        format!("the event was {age} s old and expires after {limit} s{last}")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::event::{Origin, Seed, Trust};
    use crate::ingest::{self, Limits};

    /// 2026-11-23T10:00:00Z
    const NOW: Time = Time::from_epoch(Duration::from_secs(1_795_428_000));

    fn event(members: &str) -> Event {
        let text = format!(r#"{{"type":"track","userId":"u","event":"Code Sent"{members}}}"#);
        let origin =
            Origin { name: "x".into(), line: None, seed: Seed::Random(0), trust: Trust::default() };
        let mut events = ingest::decode(&Bytes::from(text), &origin, &Limits::default());
        events.next().unwrap().unwrap()
    }

    fn age(from: ExpiresFrom, members: &str) -> Option<u64> {
        let expiration = Expiration { from, ..Expiration::default() };
        expiration.age(&event(members), NOW).map(|age| age.as_secs())
    }

    #[test]
    fn ages_count_from_what_the_server_wrote_or_from_the_client_where_that_is_wanted() {
        use ExpiresFrom::{ReceivedAt, Timestamp};
        let all = r#","receivedAt":"2026-11-23T09:59:00.000Z","timestamp":"2026-11-23T11:58:00+02:00","originalTimestamp":"2026-11-23T09:57:00Z""#;
        assert_eq!((age(ReceivedAt, all), age(Timestamp, all)), (Some(60), Some(120)));
        let original = r#","receivedAt":"2026-11-23T09:59:00.000Z","originalTimestamp":"2026-11-23T09:57:00Z""#;
        assert_eq!((age(ReceivedAt, original), age(Timestamp, original)), (Some(60), Some(180)));
        let received = r#","receivedAt":"2026-11-23T09:59:00.000Z""#;
        assert_eq!((age(ReceivedAt, received), age(Timestamp, received)), (Some(60), Some(60)));
        assert_eq!((age(ReceivedAt, ""), age(Timestamp, "")), (None, None));
    }

    #[test]
    fn what_cannot_be_read_counts_as_absent_and_the_future_as_now() {
        let garbled =
            r#","timestamp":"yesterday","originalTimestamp":7,"receivedAt":"2026-11-23T09:59:00Z""#;
        assert_eq!(age(ExpiresFrom::Timestamp, garbled), Some(60));
        for received in ["null", "12", "{}", r#""""#, r#""0001-01-01T00:00:00Z""#, r#""\ud800""#] {
            assert_eq!(age(ExpiresFrom::ReceivedAt, &format!(r#","receivedAt":{received}"#)), None);
        }
        assert_eq!(
            age(ExpiresFrom::ReceivedAt, r#","receivedAt":"2027-01-01T00:00:00Z""#),
            Some(0)
        );
    }

    #[test]
    fn the_most_specific_limit_counts() {
        let seconds = Duration::from_secs;
        let mut expiration = Expiration::default();
        assert_eq!(expiration.limit(&event("")), None);
        expiration.after = Some(seconds(1));
        assert_eq!(expiration.limit(&event("")), Some(seconds(1)));
        expiration.by_type.insert(EventType::Track, seconds(3));
        expiration.by_type.insert(EventType::Group, seconds(4));
        assert_eq!(expiration.limit(&event("")), Some(seconds(3)));
        expiration.by_name.insert("Code Sent".to_owned(), seconds(2));
        expiration.by_name.insert("code sent".to_owned(), seconds(9));
        assert_eq!(expiration.limit(&event("")), Some(seconds(2)));
    }
}
