//! An event as far as it is looked at when it arrives: most of one only matters to what it starts, and most start nothing.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The members that are looked at, beside what `properties` have for Courier.
const LOOKED_AT: [&str; 7] =
    ["anonymousId", "event", "groupId", "messageId", "traits", "type", "userId"];

/// Members as they are written; of two of one name, the last.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The event without what nobody looks at; anything else that is JSON, as it is.
pub(super) fn head(body: &[u8]) -> Option<Value> {
    let Ok(members) = serde_json::from_slice::<Members<'_>>(body) else {
        return serde_json::from_slice(body).ok();
    };
    let mut head = Map::new();
    for (name, written) in members {
        if name == "properties" {
            head.insert(name, for_courier(written)?);
        } else if LOOKED_AT.contains(&name.as_str()) {
            head.insert(name, value(written)?);
        }
    }
    Some(Value::Object(head))
}

/// Properties without what they tell of the event.
fn for_courier(written: &RawValue) -> Option<Value> {
    let Ok(members) = serde_json::from_str::<Members<'_>>(written.get()) else {
        return value(written);
    };
    let courier = members.into_iter().find(|(name, _)| name == "courier");
    let courier = courier.map(|(name, written)| Some((name, value(written)?)));
    Some(Value::Object(courier.into_iter().collect::<Option<_>>()?))
}

fn value(written: &RawValue) -> Option<Value> {
    serde_json::from_str(written.get()).ok()
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
    }

    #[test]
    fn of_two_members_of_one_name_the_last_counts() {
        let body = r#"{"type":"track","type":"group","properties":{"courier":1,"courier":2}}"#;
        let read = json!({"type": "group", "properties": {"courier": 2}});
        assert_eq!(head(body.as_bytes()), Some(read));
    }
}
