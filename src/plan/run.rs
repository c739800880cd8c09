//! What a run of an automation or a journey is given: steps, recipient, data, each of the kind Courier takes.

use super::inline::{self, Payload};
use super::{Refusal, Rules, forward, traits};
use crate::event::Event;
use crate::json::{Json, Kind, ObjectWriter};

/// Writes `recipient`, which Courier wants there even when there is nobody: then it is `null`.
pub(super) fn write_recipient(user: Option<&str>, body: &mut ObjectWriter) {
    match user {
        Some(user) => body.string("recipient", user),
        None => body.raw("recipient", "null"),
    };
}

/// The text of an id, which Courier takes as a string only; a number's is its decimal text.
pub(super) fn id_text(field: &str, value: &Json) -> Result<String, Refusal> {
    let text = match value.kind() {
        Kind::String => value.to_text(),
        Kind::Number => Some(value.as_str().to_owned()),
        Kind::Null | Kind::Bool | Kind::Array | Kind::Object => None,
    };
    text.ok_or_else(|| Refusal::kind(field, "a string or a number", value.kind()))
}

/// The value, if it is an object, as Courier demands of data and profiles.
pub(super) fn object(field: &str, value: Json) -> Result<Json, Refusal> {
    match value.kind() {
        Kind::Object => Ok(value),
        found @ (Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::Array) => {
            Err(Refusal::kind(field, "an object", found))
        }
    }
}

/// A run's data: what the event sets apart for it, else its properties, else its traits.
pub(super) fn data(event: &Event) -> Result<Option<Json>, Refusal> {
    match Payload::of(event).data {
        Some(data) => set_apart(data).map(Some),
        None => default_data(event),
    }
}

/// A run's data: what the event sets apart for it, else the event itself, as far as its writer is trusted.
pub(super) fn whole(event: &Event, rules: &Rules) -> Result<Json, Refusal> {
    let data = Payload::of(event).data.map(set_apart);
    data.unwrap_or_else(|| Ok(forward::event(event, inline::trust(event, rules))))
}

fn set_apart(data: Json) -> Result<Json, Refusal> {
    object("properties.courier.automation.data", data)
}

/// Properties, else traits.
pub(super) fn default_data(event: &Event) -> Result<Option<Json>, Refusal> {
    if let Some(properties) = event.properties.clone() {
        return object("properties", properties).map(Some);
    }
    let traits = traits::of(event).map(|it| object("traits", it));
    traits.transpose()
}

/// `{"steps": […], "cancelation_token": …}`
pub(super) fn automation(list: &Json, token: Option<&Json>) -> String {
    let mut automation = ObjectWriter::with_capacity(list.as_str().len() + 32);
    automation.raw("steps", list.as_str());
    automation.raw_if("cancelation_token", token.map(Json::as_str));
    automation.finish()
}
