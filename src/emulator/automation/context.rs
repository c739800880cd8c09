//! What the references of a run read: the members an invocation gives, and the stored profile under the one it gives.

use serde_json::{Map, Value};

use super::super::members::written;
use super::super::state::State;

/// `data`, `profile`, `recipient`, `brand` and `template` of a run.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Context {
    members: Map<String, Value>,
    /// The profile it was started with, which stays above the stored one.
    given: Value,
}

const NAMES: [&str; 5] = ["data", "profile", "recipient", "brand", "template"];

impl Context {
    /// From a request's body, or whatever else has these members. The profile given lies over the stored one of the
    /// recipient, by its top level.
    pub(in super::super) fn of(
        state: &State,
        body: &Map<String, Value>,
        recipient: Option<&str>,
    ) -> Self {
        let mut context = Self::of_event(body, recipient);
        context.refresh(state);
        context
    }

    /// The same with no stored profile: in Courier's examples of events that start automations it is null.
    pub(in super::super) fn of_event(body: &Map<String, Value>, recipient: Option<&str>) -> Self {
        let mut members = Map::new();
        for name in NAMES {
            members.insert(name.to_owned(), body.get(name).cloned().unwrap_or_default());
        }
        members.insert("recipient".to_owned(), recipient.map_or(Value::Null, Value::from));
        let given = members.get("profile").cloned().unwrap_or_default();
        Self { members, given }
    }

    /// Reads the recipient's stored profile anew.
    pub(super) fn refresh(&mut self, state: &State) {
        let Some(stored) = self.recipient().and_then(|user| state.profiles.get(user)) else {
            return;
        };
        let mut profile = stored.clone();
        if let Value::Object(given) = &self.given {
            profile.extend(given.clone());
        }
        self.members.insert("profile".to_owned(), Value::Object(profile));
    }

    /// This one with the members of another that are given there; what `invoke` starts gets.
    pub(super) fn with(&self, state: &State, given: &Map<String, Value>) -> Self {
        let given = |name: &str| given.get(name).filter(|value| !value.is_null());
        let mut members = self.members.clone();
        for name in NAMES {
            if let Some(value) = given(name) {
                members.insert(name.to_owned(), value.clone());
            }
        }
        let recipient = members.get("recipient").and_then(written);
        members.insert("recipient".to_owned(), recipient.clone().map_or(Value::Null, Value::from));
        let is_same = recipient.as_deref() == self.recipient();
        if is_same && given("profile").is_none() {
            return Self { members, given: self.given.clone() };
        }
        if given("profile").is_none() {
            members.remove("profile");
        }
        Self::of(state, &members, recipient.as_deref())
    }

    pub(super) fn recipient(&self) -> Option<&str> {
        self.text("recipient")
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn profile(&self) -> Option<&Map<String, Value>> {
        self.members.get("profile").and_then(Value::as_object)
    }

    /// What stands at a path such as `data.order.id` or `data.items.0`, with or without `refs.` before it.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        let path = path.trim();
        let mut parts = path.strip_prefix("refs.").unwrap_or(path).split('.');
        let first = self.members.get(parts.next()?)?;
        parts.try_fold(first, |value, part| match value {
            Value::Object(members) => members.get(part),
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }

    /// Puts a value at `profile`, or below `data`; what is no object on the way becomes one.
    pub(super) fn put(&mut self, path: &str, value: Value) {
        let mut parts = path.split('.');
        let first = parts.next().unwrap_or_default();
        let mut slot = self.members.entry(first).or_insert(Value::Null);
        for part in parts {
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            let Value::Object(members) = slot else {
                return;
            };
            slot = members.entry(part).or_insert(Value::Null);
        }
        *slot = value;
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.members)
    }
}
