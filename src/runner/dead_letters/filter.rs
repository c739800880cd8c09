//! Which letters are meant. Pure: the time is an argument.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

use super::Letter;
use crate::clock::Time;
use crate::event::EventType;

/// Which letters are meant: those that match every option that is given, and of an option given more than once any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Reasons, as letters name them
    pub reasons: Vec<String>,
    /// Types, or names of track events
    pub events: Vec<EventFilter>,
    /// Users: `userId`, else `anonymousId`
    pub users: Vec<String>,
    /// `messageId`s
    pub message_ids: Vec<String>,
    /// Written longer ago than this
    pub older_than: Option<Duration>,
    /// Written less long ago than this
    pub newer_than: Option<Duration>,
}

/// A type, or the name of a track event: `identify`, `track/Order Completed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFilter {
    kind: String,
    name: Option<String>,
}

impl Filter {
    /// Whether `letter` is meant, `now` being the time its age counts to.
    pub fn matches(&self, letter: &Letter, now: Time) -> bool {
        let one_of = |wanted: &[String], found: Option<&str>| {
            wanted.is_empty() || found.is_some_and(|it| wanted.iter().any(|wanted| wanted == it))
        };
        let age = letter.at.map(|at| now.since(at));
        one_of(&self.reasons, Some(&letter.reason))
            && one_of(&self.users, letter.user.as_deref())
            && one_of(&self.message_ids, letter.message_id.as_deref())
            && (self.events.is_empty() || self.events.iter().any(|event| event.matches(letter)))
            && self.older_than.is_none_or(|least| age.is_some_and(|age| age > least))
            && self.newer_than.is_none_or(|most| age.is_some_and(|age| age < most))
    }
}

impl EventFilter {
    fn matches(&self, letter: &Letter) -> bool {
        let is_kind = letter.kind.as_deref() == Some(self.kind.as_str());
        is_kind && (self.name.is_none() || self.name == letter.name)
    }
}

impl FromStr for EventFilter {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // Types are compared as RudderStack does; an unknown one is taken as it is, and matches nothing.
        let kind = |text: &str| {
            let known = EventType::parse(text);
            let is_known = known != EventType::Other;
            if is_known { known.as_str().to_owned() } else { text.trim().to_ascii_lowercase() }
        };
        Ok(match text.split_once('/') {
            Some((of, name)) => Self { kind: kind(of), name: Some(name.to_owned()) },
            None => Self { kind: kind(text), name: None },
        })
    }
}

/// Reads an age: a whole number of seconds, or of `s`, `m`, `h`, `d` or `w`.
pub fn parse_age(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let seconds = match text.strip_prefix(digits).unwrap_or_default() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => 0,
    };
    let count = digits.parse::<u64>().ok().filter(|_| seconds > 0);
    count
        .and_then(|count| count.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "is not an age, write it as in `90s`, `15m`, `2h`, `7d` or `1w`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_units() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800)]
        {
            assert_eq!(parse_age(text), Ok(Duration::from_secs(seconds)));
        }
        for wrong in ["", "h", "1y", "-1h", "1.5h", "99999999999999999999", "99999999999999999w"] {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
    }
}
