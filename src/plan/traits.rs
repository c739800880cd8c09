//! Which of an event's traits count, by the order of RudderStack's transformer.

use crate::event::Event;
use crate::json::{Json, Kind};

/// `traits`, else `context.traits`; what JavaScript takes for false is none.
pub(super) fn of(event: &Event) -> Option<Json> {
    own(event).or_else(|| in_context(event))
}

/// `traits` alone.
pub(super) fn own(event: &Event) -> Option<Json> {
    event.traits.clone().filter(is_truthy)
}

/// `context.traits`, which on every type of event are the user's.
pub(super) fn in_context(event: &Event) -> Option<Json> {
    event.context_traits().filter(is_truthy)
}

fn is_truthy(value: &Json) -> bool {
    match value.kind() {
        Kind::Null => false,
        Kind::Bool => value.as_str() == "true",
        Kind::Number => value.as_str().parse::<f64>() != Ok(0.0),
        Kind::String => value.as_str() != "\"\"",
        Kind::Array | Kind::Object => true,
    }
}
