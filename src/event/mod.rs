//! RudderStack's side: one event, as the bytes it came in plus the few fields everybody asks for.
//!
//! It knows nothing of Courier, and nothing of how the bytes were cut into records.

mod id;
mod kind;
mod origin;

pub use id::{AnonymousId, GroupId, Id, MessageId, UserId, kinds};
pub use kind::EventType;
pub use origin::{Origin, Seed, Trust};

use crate::json::Json;

/// One RudderStack event. `Debug` shows its type and size only: the rest is personal data.
#[derive(Clone)]
pub struct Event {
    /// The whole object, to the byte.
    pub body: Json,
    /// `type`, trimmed and compared without case.
    pub kind: EventType,
    /// `messageId`, or one made for the event (see [`Event::message_id_was_made`]).
    pub message_id: MessageId,
    /// Whether the event carried no usable `messageId`, so that [`Event::message_id`] had to be made.
    pub message_id_was_made: bool,
    /// `userId`, unless absent or blank.
    pub user_id: Option<UserId>,
    /// `anonymousId`, unless absent or blank.
    pub anonymous_id: Option<AnonymousId>,
    /// `groupId`, unless absent or blank.
    pub group_id: Option<GroupId>,
    /// `event`, the name of a track event, unless absent or empty.
    pub name: Option<String>,
    /// `traits`, whatever its kind; absent when `null`.
    pub traits: Option<Json>,
    /// `properties`, whatever its kind; absent when `null`.
    pub properties: Option<Json>,
    /// `context`, whatever its kind; absent when `null`.
    pub context: Option<Json>,
    /// `integrations`; kept when `null`, since RudderStack reads `null` as "nowhere".
    pub integrations: Option<Json>,
    /// How far its writer is trusted, as its record's [`Origin`] says.
    pub trust: Trust,
}

impl Event {
    /// `context.traits`, whatever its kind; absent when `null`.
    pub fn context_traits(&self) -> Option<Json> {
        self.context.as_ref()?.member("traits").filter(|traits| traits.as_str() != "null")
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Event({}, {} bytes)", self.kind, self.body.as_str().len())
    }
}
