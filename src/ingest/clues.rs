//! What can still be read of something that is no event: whose it is, for people who look for it.

use super::{fields, head};
use crate::event::{AnonymousId, EventType, MessageId, UserId};

/// Security: no more bytes than this are read for it.
const MAX_BYTES: usize = 1 << 20;

/// What the part of a record says that could not be read as an event, as far as each can be read by itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Clues {
    /// Its `type`
    pub kind: Option<EventType>,
    /// Its `messageId`
    pub message_id: Option<MessageId>,
    /// Its `userId`
    pub user_id: Option<UserId>,
    /// Its `anonymousId`
    pub anonymous_id: Option<AnonymousId>,
}

impl Clues {
    /// What `record` says up to its first flaw, if it is an object or begins like one.
    pub fn of(record: &[u8]) -> Self {
        let read = record.get(..MAX_BYTES).unwrap_or(record);
        let text = read.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let head = head::Head::read_partly(text);
        Self {
            kind: head.kind().ok(),
            message_id: fields::id("messageId", head.message_id).ok().flatten(),
            user_id: fields::id("userId", head.user_id).ok().flatten(),
            anonymous_id: fields::id("anonymousId", head.anonymous_id).ok().flatten(),
        }
    }
}

impl std::fmt::Debug for Clues {
    /// Without the ids, which are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clues").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(record: &[u8]) -> [Option<String>; 4] {
        let Clues { kind, message_id, user_id, anonymous_id } = Clues::of(record);
        [
            kind.map(|kind| kind.to_string()),
            message_id.map(|id| id.as_str().to_owned()),
            user_id.map(|id| id.as_str().to_owned()),
            anonymous_id.map(|id| id.as_str().to_owned()),
        ]
    }

    #[test]
    fn whatever_stands_before_the_flaw_is_read_and_each_by_itself() {
        let known = |four: [&str; 4]| four.map(|it| (!it.is_empty()).then(|| it.to_owned()));
        for (record, expected) in [
            (r#"{"messageId":"m","userId":7,"type":"track","event":[]}"#, ["track", "m", "7", ""]),
            (r#"{"messageId":{},"anonymousId":"a","type":3}"#, ["", "", "", "a"]),
            (r#"{"messageId":"m","userId":"u","properties":{"a":"#, ["", "m", "u", ""]),
            (r#"{"messageId":"m","userId":"u"#, ["", "m", "", ""]),
            (r#"{"messageId":"m",}"#, ["", "m", "", ""]),
            (r#"[{"messageId":"m"}]"#, [""; 4]),
            ("nonsense", [""; 4]),
            ("", [""; 4]),
        ] {
            assert_eq!(told(record.as_bytes()), known(expected), "{record}");
        }
        assert_eq!(told(b"{\"messageId\":\"m\",\"a\":\"\xff\"}"), known(["", "m", "", ""]));
        let deep = format!(r#"{{"userId":"u","a":{},"messageId":"m"}}"#, "[".repeat(500_000));
        assert_eq!(told(deep.as_bytes()), known(["", "", "u", ""]));
        let long = format!(r#"{{"userId":"u","a":"{}","messageId":"m"}}"#, "x".repeat(MAX_BYTES));
        assert_eq!(told(long.as_bytes()), known(["", "", "u", ""]));
    }
}
