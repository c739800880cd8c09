//! A whole event on its way to `POST /inbound/rudderstack`, as RudderStack's own destination sends it
//! (rudder-transformer, `src/v0/destinations/courier/transform.js`): top-level nulls removed, `context.traits` of an
//! identify lifted to `traits`, every kept value to the byte.

use bytes::Bytes;

use super::{Inline, Refusal, inline};
use crate::courier::{Body, Request};
use crate::event::{Event, EventType};
use crate::json::{Json, Kind, ObjectWriter};

/// The body, and whether something in it was not trusted.
#[derive(Debug)]
pub(super) struct Forwarded {
    bytes: Bytes,
    pub(super) ignored_inline: bool,
}

impl Forwarded {
    pub(super) fn request(self) -> Result<Request, Refusal> {
        Ok(Request::InboundRudderStack {
            body: Body::new(self.bytes)?,
        })
    }
}

/// The event as Courier's RudderStack integration takes it. An event that needs no change is not copied.
pub(super) fn body(event: &Event, trust: Inline) -> Result<Forwarded, Refusal> {
    let lifted = lifted_traits(event)?;
    let properties = event.properties.as_ref();
    let stripped = properties.is_some_and(|it| inline::strip(it.as_str(), trust).is_some());
    let text = event.body.as_str();
    let may_hold_null = memchr::memmem::find(text.as_bytes(), b"null").is_some();
    let unchanged = lifted.is_none() && !stripped && !event.message_id_was_made;
    let members = event.body.members();
    if unchanged && !(may_hold_null && members.iter().any(|(_, value)| value == "null")) {
        return Ok(Forwarded {
            bytes: event.body.to_bytes(),
            ignored_inline: false,
        });
    }
    let mut written = ObjectWriter::with_capacity(text.len() + 64);
    for (name, value) in members.iter() {
        match name {
            _ if value == "null" => {}
            "traits" if lifted.is_some() => {}
            "messageId" if event.message_id_was_made => {}
            "properties" if stripped => {
                let kept = inline::strip(value, trust);
                written.raw(name, kept.as_deref().unwrap_or(value));
            }
            _ => {
                written.raw(name, value);
            }
        }
    }
    if let Some(traits) = lifted {
        written.raw("traits", traits.as_str());
    }
    if event.message_id_was_made {
        written.string("messageId", event.message_id.as_str());
    }
    Ok(Forwarded {
        bytes: Bytes::from(written.finish()),
        ignored_inline: stripped,
    })
}

/// The `context.traits` that take the place of an identify's missing `traits`.
fn lifted_traits(event: &Event) -> Result<Option<Json>, Refusal> {
    if event.kind != EventType::Identify || event.traits.as_ref().is_some_and(is_truthy) {
        return Ok(None);
    }
    match event.context_traits().filter(is_truthy) {
        Some(traits) => Ok(Some(traits)),
        None => Err(Refusal::Missing("traits")),
    }
}

/// Whether JavaScript takes the value for true, which is how the transformer looks for traits.
pub(super) fn is_truthy(value: &Json) -> bool {
    match value.kind() {
        Kind::Null => false,
        Kind::Bool => value.as_str() == "true",
        Kind::Number => value.as_str().parse::<f64>() != Ok(0.0),
        Kind::String => value.as_str() != "\"\"",
        Kind::Array | Kind::Object => true,
    }
}
