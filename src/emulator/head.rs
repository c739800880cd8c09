//! An event as far as it is looked at when it arrives: most of one only matters to what it starts, and most start nothing.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The event without what nobody looks at; anything else that is JSON, as it is. What nobody looks at may hold what
/// JavaScript reads and this program does not: halves of surrogate pairs, numbers without bounds, any depth.
pub(super) fn head(body: &[u8]) -> Option<Value> {
    let body = std::str::from_utf8(body).ok()?;
    match serde_json::from_str(body) {
        Ok(Head(head)) => Some(Value::Object(head)),
        Err(_) => serde_json::from_str(body).ok(),
    }
}

/// What is looked at of an event; of two members of one name, the last.
struct Head(Map<String, Value>);

/// The members that are looked at.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Member {
    AnonymousId,
    Event,
    GroupId,
    MessageId,
    Properties,
    Traits,
    Type,
    UserId,
    #[serde(other)]
    Other,
}

impl Member {
    /// Its name, where it is looked at as it is.
    const fn name(&self) -> Option<&'static str> {
        match self {
            Self::AnonymousId => Some("anonymousId"),
            Self::Event => Some("event"),
            Self::GroupId => Some("groupId"),
            Self::MessageId => Some("messageId"),
            Self::Traits => Some("traits"),
            Self::Type => Some("type"),
            Self::UserId => Some("userId"),
            Self::Properties | Self::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Head;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Head, A::Error> {
                let mut head = Map::new();
                while let Some(member) = members.next_key::<Member>()? {
                    if let Some(name) = member.name() {
                        head.insert(name.to_owned(), members.next_value()?);
                    } else if matches!(member, Member::Properties) {
                        let properties = for_courier(members.next_value()?);
                        head.insert("properties".to_owned(), properties.map_err(A::Error::custom)?);
                    } else {
                        members.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Head(head))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Properties without what they tell of the event.
fn for_courier(written: &RawValue) -> serde_json::Result<Value> {
    let text = written.get();
    // Most name nobody.
    if text.starts_with('{') && !text.contains("courier") && !text.contains('\\') {
        return Ok(Value::Object(Map::new()));
    }
    let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else {
        return serde_json::from_str(text);
    };
    let mut kept = Map::new();
    if let Some(courier) = members.get("courier") {
        kept.insert("courier".to_owned(), serde_json::from_str(courier.get())?);
    }
    Ok(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_looked_at_is_read_and_no_more() {
        let event = json!({
            "type": "track", "event": "Order Completed", "userId": 7, "context": {"ip": "::1"},
            "properties": {"total": 3, "courier": {"automation": {"template": "t"}}},
        });
        let read = json!({
            "type": "track", "event": "Order Completed", "userId": 7,
            "properties": {"courier": {"automation": {"template": "t"}}},
        });
        assert_eq!(head(event.to_string().as_bytes()), Some(read));
    }

    #[test]
    fn what_is_no_event_is_what_it_is() {
        for body in ["[1]", "3", r#"{"properties":"text"}"#, r#"{"properties":null}"#] {
            assert_eq!(head(body.as_bytes()), serde_json::from_str(body).ok(), "{body}");
        }
        for body in ["", "{", r#"{"userId":}"#, r#"{"context":[}"#, "{}{}"] {
            assert_eq!(head(body.as_bytes()), None, "{body}");
        }
        assert_eq!(head(b"{\"context\":\"\xff\"}"), None);
        let foreign = r#"{"context":["\ud800",1e999],"userId":"u"}"#;
        assert_eq!(head(foreign.as_bytes()), Some(json!({"userId": "u"})));
        assert_eq!(head(foreign.replace("context", "traits").as_bytes()), None);
    }

    #[test]
    fn of_two_members_of_one_name_the_last_counts() {
        let body = r#"{"type":"track","type":"group","properties":{"courier":1,"courier":2}}"#;
        let read = json!({"type": "group", "properties": {"courier": 2}});
        assert_eq!(head(body.as_bytes()), Some(read));
        let escaped = r#"{"properties":{"a":1,"co\u0075rier":2}}"#;
        assert_eq!(head(escaped.as_bytes()), Some(json!({"properties": {"courier": 2}})));
        let none = r#"{"properties":{"total":1}}"#;
        assert_eq!(head(none.as_bytes()), Some(json!({"properties": {}})));
    }
}
