//! What the references of a run read: the members an invocation gives, and the stored profile under the one it gives.

use serde_json::{Map, Value};

use super::super::state::State;

/// `data`, `profile`, `recipient`, `brand` and `template` of a run.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Context(Map<String, Value>);

const NAMES: [&str; 5] = ["data", "profile", "recipient", "brand", "template"];

impl Context {
    /// From a request's body, or whatever else has these members. The profile given lies over the stored one of the
    /// recipient, by its top level.
    pub(in super::super) fn of(
        state: &State,
        body: &Map<String, Value>,
        recipient: Option<&str>,
    ) -> Self {
        let mut members = Map::new();
        for name in NAMES {
            members.insert(name.to_owned(), body.get(name).cloned().unwrap_or_default());
        }
        members.insert("recipient".to_owned(), recipient.map_or(Value::Null, Value::from));
        if let Some(stored) = recipient.and_then(|user| state.profiles.get(user)) {
            let mut profile = stored.clone();
            if let Some(Value::Object(given)) = members.remove("profile") {
                profile.extend(given);
            }
            members.insert("profile".to_owned(), Value::Object(profile));
        }
        Self(members)
    }

    /// This one with the members of another that are given there; what `invoke` starts gets.
    pub(super) fn with(&self, state: &State, given: &Map<String, Value>) -> Self {
        let mut members = self.0.clone();
        for name in NAMES {
            if let Some(value) = given.get(name).filter(|value| !value.is_null()) {
                members.insert(name.to_owned(), value.clone());
            }
        }
        let recipient = members.get("recipient").and_then(Value::as_str).map(String::from);
        let is_other = recipient.as_deref() != self.recipient();
        if is_other && given.get("profile").is_none_or(Value::is_null) {
            members.remove("profile");
        }
        Self::of(state, &members, recipient.as_deref())
    }

    pub(super) fn recipient(&self) -> Option<&str> {
        self.text("recipient")
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn profile(&self) -> Option<&Map<String, Value>> {
        self.0.get("profile").and_then(Value::as_object)
    }

    /// What stands at a path such as `data.order.id` or `data.items.0`, with or without `refs.` before it.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        let path = path.trim();
        let mut parts = path.strip_prefix("refs.").unwrap_or(path).split('.');
        let first = self.0.get(parts.next()?)?;
        parts.try_fold(first, |value, part| match value {
            Value::Object(members) => members.get(part),
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}
