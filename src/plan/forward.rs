//! A whole event on its way to `POST /inbound/rudderstack`, as RudderStack's own destination sends it
//! (rudder-transformer, `src/v0/destinations/courier/transform.js`): top-level nulls removed, `context.traits` of an
//! identify lifted to `traits`, every kept value to the byte.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Inline, Refusal, inline, traits};
use crate::courier::{Body, Request};
use crate::event::{Event, EventType};
use crate::json::{Json, ObjectWriter};

/// Made once: that takes longer than looking for it.
static NULL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("null"));

/// The event as Courier's RudderStack integration takes it, without what `trust` does not cover. An event that needs
/// no change is not copied.
pub(super) fn request(event: &Event, trust: Inline) -> Result<Request, Refusal> {
    let body = rewritten(event, lifted_traits(event)?, trust);
    Ok(Request::InboundRudderStack { body: Body::new(body.to_bytes())? })
}

/// The same event, for whoever takes it without traits as well.
pub(super) fn event(event: &Event, trust: Inline) -> Json {
    rewritten(event, lifted_traits(event).unwrap_or_default(), trust)
}

fn rewritten(event: &Event, lifted: Option<Json>, trust: Inline) -> Json {
    let text = event.body.as_str();
    let unchanged = lifted.is_none() && !event.message_id_was_made;
    let may_hold_null = NULL.find(text.as_bytes()).is_some();
    if unchanged && !may_hold_null && !inline::may_distrust(text, trust) {
        return event.body.clone();
    }
    let members = event.body.members();
    let is_dropped = |name: &str, value: &str| match name {
        _ if value == "null" => true,
        "traits" => lifted.is_some(),
        "messageId" => event.message_id_was_made,
        _ => false,
    };
    // Security: every repetition of the name, since readers differ in which one they take.
    let strip = |name: &str, value: &str| match name {
        "properties" => inline::strip(value, trust),
        _ => None,
    };
    let is_kept = |(name, value)| !is_dropped(name, value) && strip(name, value).is_none();
    if unchanged && members.iter().all(is_kept) {
        return event.body.clone();
    }
    let mut written = ObjectWriter::with_capacity(text.len() + 64);
    // A null takes the values before it along: without it, they would be back.
    let last = members.last_values();
    let is_null = |name| last.get(name) == Some(&"null");
    for (name, value) in members.iter() {
        if is_null(name) || is_dropped(name, value) {
            continue;
        }
        let kept = strip(name, value);
        written.raw(name, kept.as_deref().unwrap_or(value));
    }
    if let Some(traits) = lifted {
        written.raw("traits", traits.as_str());
    }
    if event.message_id_was_made {
        written.string("messageId", event.message_id.as_str());
    }
    Json::from_writer(written.finish())
}

/// The `context.traits` that take the place of an identify's missing `traits`.
fn lifted_traits(event: &Event) -> Result<Option<Json>, Refusal> {
    if event.kind != EventType::Identify || traits::own(event).is_some() {
        return Ok(None);
    }
    let lifted = traits::in_context(event).ok_or(Refusal::Missing("traits"))?;
    Ok(Some(lifted))
}
