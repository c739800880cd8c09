//! What tells an event from another one, so that a resend is known and a new event is never taken for one.

use sha2::{Digest, Sha256};

use crate::json::Members;

/// A hash of an event and of who sent it.
///
/// The whole event counts and not its `messageId` alone: a sender that uses an id twice means two events. What senders
/// and servers stamp anew on each attempt does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::runner) struct Identity([u8; 16]);

/// Members that differ between attempts to send the same event.
const STAMPS: [&str; 4] = ["sentAt", "receivedAt", "request_ip", "rudderId"];

/// Members of which one tells two equal calls apart. An event that has none of them is never a resend.
const TELLING: [&str; 3] = ["messageId", "originalTimestamp", "timestamp"];

impl Identity {
    /// The identity of the event with these members. Equal events of two scopes, such as two writers, are two events.
    pub(in crate::runner) fn of(scope: &str, event: &Members<'_>) -> Option<Self> {
        let tells = |name| event.get(name).is_some_and(|value| !matches!(value, "null" | "\"\""));
        if !TELLING.into_iter().any(tells) {
            return None;
        }
        let members = event.iter().filter(|(name, _)| !STAMPS.contains(name));
        let parts = members.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        Some(Self::hashed(scope, parts))
    }

    /// The identity of whatever a sender itself tells by `id`, the same each time it sends it and for nothing else.
    pub(in crate::runner) fn told(scope: &str, id: u128) -> Self {
        // One part, and so never what the name and the value of a member are.
        Self::hashed(scope, [&id.to_be_bytes()[..]])
    }

    fn hashed<'a>(scope: &'a str, parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(scope.as_bytes()).chain(parts) {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(half)
    }

    /// The hash itself.
    pub(in crate::runner) const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scope: &str, text: &str) -> Option<Identity> {
        Identity::of(scope, &Members::of(text))
    }

    #[test]
    fn a_resend_is_known_and_a_reused_id_is_another_event() {
        let event = of("a", r#"{"messageId":"1","event":"X","sentAt":"10:00"}"#);
        assert!(event.is_some());
        for same in [
            r#"{"messageId":"1","event":"X","sentAt":"10:01"}"#,
            r#"{"messageId" : "1", "event":"X", "receivedAt":"10:02","request_ip":"::1"}"#,
        ] {
            assert_eq!(of("a", same), event, "{same}");
        }
        for other in [
            r#"{"messageId":"2","event":"X"}"#,
            r#"{"messageId":"1","event":"Y"}"#,
            r#"{"messageId":"1","event":"X","properties":{}}"#,
            r#"{"messageId":"1","even":"t","event":"X"}"#,
        ] {
            assert_ne!(of("a", other), event, "{other}");
        }
        assert_ne!(of("b", r#"{"messageId":"1","event":"X"}"#), event);
    }

    #[test]
    fn what_a_sender_tells_apart_is_apart() {
        let told = Identity::told("a", 1);
        assert_eq!(Identity::told("a", 1), told);
        assert_ne!(Identity::told("a", 2), told);
        assert_ne!(Identity::told("b", 1), told);
    }

    #[test]
    fn without_id_and_time_nothing_is_a_resend() {
        for text in ["{}", "1", r#"{"messageId":null,"timestamp":"","sentAt":"10:00"}"#] {
            assert_eq!(of("a", text), None, "{text}");
        }
        assert!(of("a", r#"{"timestamp":"10:00"}"#).is_some());
    }
}
