//! The members of one object, in their order, values untouched.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::JsonError;

/// The members of an object: names with their escapes resolved, values as written.
///
/// Names may repeat; [`Members::get`] gives the last, iteration gives all.
#[derive(Clone, Debug, Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Members<'a> {
    /// Reads one level of `text`. Anything but an object has no members.
    pub fn of(text: &'a str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Reads one level of `text`, which is an object or an error.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The value of the last member called `name`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Whether a member is called `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// What each name means to a reader that takes the last of its repetitions. Worth building where many names are
    /// looked up.
    pub fn last_values(&self) -> BTreeMap<&str, &'a str> {
        self.iter().collect()
    }

    /// All members in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            members.push((key, value.get()));
        }
        Ok(Members(members))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Members::default())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Members::default())
    }
}

/// Borrows the name where it holds no escape.
///
/// Security: half a surrogate pair (`"\ud800"`) is valid to RFC 8259 and to JavaScript, and has no text. It becomes
/// replacement characters: failing here would hide its neighbours, a consent or an untrusted automation among them.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As bytes, because only so does serde_json let such a name pass.
        deserializer.deserialize_bytes(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_bytes<E>(self, name: &'de [u8]) -> Result<Self::Value, E> {
        // Nearly every name is text, and checking that alone is cheaper than being ready to replace.
        let text = std::str::from_utf8(name).map(Cow::Borrowed);
        Ok(Key(text.unwrap_or_else(|_| String::from_utf8_lossy(name))))
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(Key(Cow::Owned(String::from_utf8_lossy(name).into_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_spelling_and_repeats_survive() {
        let members =
            Members::of(r#" {"b": 1.10 ,"a\u0031":[ null ],"b":{"x":9007199254740993}} "#);
        let all: Vec<_> = members.iter().collect();
        assert_eq!(all, [("b", "1.10"), ("a1", "[ null ]"), ("b", r#"{"x":9007199254740993}"#)]);
        assert_eq!(members.get("b"), Some(r#"{"x":9007199254740993}"#));
        assert!(members.contains("a1") && !members.contains("a2"));
    }

    #[test]
    fn a_name_that_is_no_text_hides_no_other() {
        let members = Members::of(r#"{"\ud800":1,"\ud83d\ude00":2,"a":3}"#);
        assert_eq!(members.get("\u{fffd}\u{fffd}\u{fffd}"), Some("1"));
        assert_eq!(members.get("\u{1f600}"), Some("2"));
        assert_eq!(members.get("a"), Some("3"));
    }

    #[test]
    fn other_values_have_no_members() {
        for text in ["[1,{}]", "null", "\"x\"", "3"] {
            assert_eq!(Members::of(text).iter().count(), 0, "{text}");
        }
    }
}
