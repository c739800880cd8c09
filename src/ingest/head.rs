//! The few fields of an event that everybody asks for, borrowed from its text in one pass.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::message_id::{Fallback, Times};
use super::{Problem, fields};
use crate::event::{EventType, MessageId};
use crate::json::{Key, Kind};

/// The raw values of the known members. Where a name repeats the last one counts, as in RudderStack's own decoder.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    kind: Option<&'a str>,
    pub(super) message_id: Option<&'a str>,
    event: Option<&'a str>,
    times: [Option<&'a str>; 3],
    pub(super) user_id: Option<&'a str>,
    pub(super) anonymous_id: Option<&'a str>,
    pub(super) group_id: Option<&'a str>,
    pub(super) traits: Option<&'a str>,
    pub(super) properties: Option<&'a str>,
    pub(super) context: Option<&'a str>,
    pub(super) integrations: Option<&'a str>,
}

impl<'a> Head<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, Problem> {
        let kind = Kind::of(text);
        if kind != Kind::Object {
            serde_json::from_str::<IgnoredAny>(text)?;
            return Err(Problem::NotAnObject(kind));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// What can be read of a text up to its first flaw.
    pub(super) fn read_partly(text: &'a str) -> Self {
        let mut head = Self::default();
        // That it has one is known.
        let _ = serde_json::Deserializer::from_str(text).deserialize_map(Fill(&mut head));
        head
    }

    pub(super) fn kind(&self) -> Result<EventType, Problem> {
        const EXPECTED: &str = "`identify`, `track`, `group` or another event type";
        let missing = Problem::Missing { field: "type", expected: EXPECTED };
        let raw = fields::present(self.kind).ok_or_else(|| missing.clone())?;
        if Kind::of(raw) != Kind::String {
            return Err(Problem::field("type", EXPECTED, raw));
        }
        let text = fields::text(raw)?;
        if text.trim().is_empty() { Err(missing) } else { Ok(EventType::parse(&text)) }
    }

    /// The name of a track event; for other types `event` means nothing, and some SDKs send `null`.
    pub(super) fn name(&self, kind: EventType) -> Result<Option<String>, Problem> {
        let raw = fields::present(self.event).filter(|_| kind == EventType::Track);
        let Some(raw) = raw else { return Ok(None) };
        if Kind::of(raw) != Kind::String {
            return Err(Problem::field("event", "a string", raw));
        }
        Ok(Some(fields::text(raw)?.into_owned()).filter(|name| !name.is_empty()))
    }

    /// The event's `messageId` and `false`, or one made for it and `true`.
    pub(super) fn message_id(
        &self,
        text: &str,
        fallback: &Fallback,
    ) -> Result<(MessageId, bool), Problem> {
        if let Some(id) = fields::id("messageId", self.message_id)? {
            return Ok((id, false));
        }
        let has_time = self.times.iter().any(|time| fields::present(*time).is_some());
        let times = if has_time { Times::Some } else { Times::None };
        Ok((fallback.make(text, times), true))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Head<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut head = Head::default();
        deserializer.deserialize_map(Fill(&mut head))?;
        Ok(head)
    }
}

/// Takes what is wanted of an object as it is read, so that what came before a flaw is there.
struct Fill<'h, 'a>(&'h mut Head<'a>);

impl<'de> Visitor<'de> for Fill<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let head = self.0;
        while let Some(Key(key)) = map.next_key()? {
            let [original, timestamp, sent] = &mut head.times;
            let slot = match key.as_ref() {
                "type" => &mut head.kind,
                "messageId" => &mut head.message_id,
                "event" => &mut head.event,
                "userId" => &mut head.user_id,
                "anonymousId" => &mut head.anonymous_id,
                "groupId" => &mut head.group_id,
                "traits" => &mut head.traits,
                "properties" => &mut head.properties,
                "context" => &mut head.context,
                "integrations" => &mut head.integrations,
                "originalTimestamp" => original,
                "timestamp" => timestamp,
                "sentAt" => sent,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *slot = Some(map.next_value::<&RawValue>()?.get());
        }
        Ok(())
    }
}
