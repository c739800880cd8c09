//! An event as far as it is looked at when it arrives: most of one only matters to what it starts, and most start nothing.
//! So its members stay as they stand in the body, and are read one by one where they are needed.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::answer::Refusal;
use super::members::{missing, wrong};
use crate::event::EventType;
use crate::json::Members;

/// The members that are looked at, as they are written; of two of one name, the last. What nobody looks at, the traits of
/// what is no identify event among it, may hold what JavaScript reads and this program does not: halves of surrogate pairs,
/// numbers without bounds, any depth.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    kind: Option<&'a RawValue>,
    event: Option<&'a RawValue>,
    user_id: Option<&'a RawValue>,
    anonymous_id: Option<&'a RawValue>,
    group_id: Option<&'a RawValue>,
    message_id: Option<&'a RawValue>,
    /// The traits of an identify event, if they are an object
    pub(super) traits: Option<Map<String, Value>>,
    properties: Option<&'a RawValue>,
    /// `properties.courier`
    courier: Option<Value>,
}

/// What lists show of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) kind: EventType,
    /// The event's name, of a group event the group's id
    pub(super) name: Option<Arc<str>>,
    pub(super) user: Option<Arc<str>>,
}

impl Told {
    /// About how many bytes it takes besides itself.
    pub(super) fn weight(&self) -> usize {
        [&self.name, &self.user].into_iter().flatten().map(|text| text.len()).sum()
    }
}

impl<'a> Head<'a> {
    pub(super) fn kind(&self) -> Result<Cow<'a, str>, Refusal> {
        required(self.kind, "type")
    }

    pub(super) fn event(&self) -> Result<Cow<'a, str>, Refusal> {
        required(self.event, "event")
    }

    pub(super) fn event_name(&self) -> Option<Cow<'a, str>> {
        text(self.event?)
    }

    pub(super) fn user(&self) -> Option<Cow<'a, str>> {
        id(self.user_id?)
    }

    /// The user where only text is one.
    pub(super) fn text_user(&self) -> Result<Option<Cow<'a, str>>, Refusal> {
        let given = self.user_id.filter(|given| given.get() != "null");
        let user =
            given.map(|given| text(given).ok_or_else(|| wrong("userId", "a string or null")));
        Ok(user.transpose()?.filter(|user| !user.is_empty()))
    }

    pub(super) fn anonymous(&self) -> Option<Cow<'a, str>> {
        id(self.anonymous_id?)
    }

    pub(super) fn group(&self) -> Option<Cow<'a, str>> {
        id(self.group_id?)
    }

    pub(super) fn message(&self) -> Option<Cow<'a, str>> {
        id(self.message_id?)
    }

    pub(super) fn text_message(&self) -> Result<Cow<'a, str>, Refusal> {
        required(self.message_id, "messageId")
    }

    pub(super) fn has_properties(&self) -> Result<(), Refusal> {
        let given = self.properties.ok_or_else(|| missing("properties"))?;
        given.get().starts_with('{').then_some(()).ok_or_else(|| wrong("properties", "an object"))
    }

    /// What the event asks Courier to start.
    pub(super) fn automation(&self) -> Option<&Map<String, Value>> {
        self.courier.as_ref()?.get("automation")?.as_object()
    }

    /// Reads what has an effect, and whether the rest can be read.
    fn complete(&mut self, traits: Option<&RawValue>) -> serde_json::Result<()> {
        let ids = [self.user_id, self.anonymous_id, self.group_id, self.message_id];
        for member in ids.into_iter().chain([self.kind, self.event]).flatten() {
            let text = member.get();
            if !text.starts_with('"') || has_escapes(text) {
                serde_json::from_str::<Value>(text)?;
            }
        }
        let kind = self.kind.and_then(text);
        if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("identify")) {
            let traits = traits.filter(|traits| traits.get().starts_with('{'));
            self.traits = traits.map(|it| serde_json::from_str(it.get())).transpose()?;
        }
        self.courier = self.properties.map_or(Ok(None), for_courier)?;
        Ok(())
    }

    pub(super) fn told(&self) -> Told {
        let kind = self.kind.and_then(text);
        let kind = EventType::parse(kind.as_deref().unwrap_or_default());
        let name = if kind == EventType::Group { self.group() } else { self.event.and_then(id) };
        let user = self.user().or_else(|| self.anonymous());
        Told { kind, name: name.map(Arc::from), user: user.map(Arc::from) }
    }
}

fn required<'a>(member: Option<&'a RawValue>, name: &str) -> Result<Cow<'a, str>, Refusal> {
    text(member.ok_or_else(|| missing(name))?).ok_or_else(|| wrong(name, "a string"))
}

fn has_escapes(written: &str) -> bool {
    written.as_bytes().contains(&b'\\')
}

fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let written = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if has_escapes(written) {
        return serde_json::from_str(value.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(written))
}

/// An id, which these products also write as a number.
fn id(value: &RawValue) -> Option<Cow<'_, str>> {
    if value.get().starts_with('"') {
        return text(value).filter(|text| !text.is_empty());
    }
    let number: Number = serde_json::from_str(value.get()).ok()?;
    Some(Cow::Owned(number.to_string()))
}

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

impl<'de> Deserialize<'de> for Head<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Head<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Head<'de>, A::Error> {
                let mut head = Head::default();
                let mut traits = None;
                while let Some(member) = members.next_key::<Member>()? {
                    let place = match member {
                        Member::AnonymousId => &mut head.anonymous_id,
                        Member::Event => &mut head.event,
                        Member::GroupId => &mut head.group_id,
                        Member::MessageId => &mut head.message_id,
                        Member::Properties => &mut head.properties,
                        Member::Traits => &mut traits,
                        Member::Type => &mut head.kind,
                        Member::UserId => &mut head.user_id,
                        Member::Other => {
                            members.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *place = Some(members.next_value()?);
                }
                head.complete(traits).map_err(A::Error::custom)?;
                Ok(head)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// What properties tell Courier of the event.
fn for_courier(properties: &RawValue) -> serde_json::Result<Option<Value>> {
    let text = properties.get();
    // Most tell it nothing.
    if !text.starts_with('{') || !(text.contains("courier") || has_escapes(text)) {
        return Ok(None);
    }
    Members::of(text).get("courier").map(serde_json::from_str).transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn head(body: &str) -> Option<Head<'_>> {
        serde_json::from_str(body).ok()
    }

    #[test]
    fn what_is_looked_at_is_read() {
        let event = json!({
            "type": "Group", "event": "Order Completed", "userId": 7, "anonymousId": "", "groupId": "g\n",
            "context": {"ip": "::1"}, "traits": {"a": 1},
            "properties": {"total": 3, "courier": {"automation": {"template": "t"}}},
        });
        let event = event.to_string();
        let head = head(&event).expect("it is an event");
        assert_eq!(head.kind().as_deref(), Ok("Group"));
        assert_eq!((head.user().as_deref(), head.anonymous()), (Some("7"), None));
        assert_eq!(head.text_user(), Err(wrong("userId", "a string or null")));
        assert_eq!((head.has_properties(), head.message()), (Ok(()), None));
        assert_eq!(head.traits, None);
        assert_eq!(head.automation().and_then(|it| it.get("template")), Some(&json!("t")));
        let told =
            Told { kind: EventType::Group, name: Some("g\n".into()), user: Some("7".into()) };
        assert_eq!(head.told(), told);
    }

    #[test]
    fn what_is_no_event_is_none() {
        for body in ["[1]", "3", "", "{", r#"{"userId":}"#, r#"{"context":[}"#, "{}{}"] {
            assert!(head(body).is_none(), "{body}");
        }
        let foreign = r#"{"context":["\ud800",1e999],"traits":{"n":1e999}}"#;
        assert!(head(foreign).is_some(), "nobody looks at it");
        for looked_at in [r#""type":"identify""#, r#""userId":"\ud800""#, r#""event":1e999"#] {
            let looked_at = foreign.replacen('{', &format!("{{{looked_at},"), 1);
            assert!(head(&looked_at).is_none(), "{looked_at}");
        }
        let identify = r#"{"traits":{"a":1},"type":"Identify"}"#;
        let traits = head(identify).and_then(|head| head.traits).map(Value::Object);
        assert_eq!(traits, Some(json!({"a": 1})));
        for body in [r#"{"properties":"text"}"#, r#"{"properties":null}"#, r#"{"properties":[]}"#] {
            let head = head(body).expect("it may be an event");
            assert_eq!(head.has_properties(), Err(wrong("properties", "an object")), "{body}");
        }
    }

    #[test]
    fn of_two_members_of_one_name_the_last_counts() {
        let courier = |body| head(body).and_then(|head| head.courier);
        let body = r#"{"properties":{"courier":0},"type":"track","type":"group","properties":{"courier":1,"courier":2}}"#;
        assert_eq!(head(body).and_then(|head| head.kind().ok()).as_deref(), Some("group"));
        assert_eq!(courier(body), Some(json!(2)));
        assert_eq!(courier(r#"{"properties":{"a":1,"co\u0075rier":2}}"#), Some(json!(2)));
        assert_eq!(courier(r#"{"properties":{"total":1}}"#), None);
        assert!(head(r#"{"properties":{"courier":1e999}}"#).is_none());
    }
}
