//! Whom an event is about, by the gateway's rule: an id is there if something visible is left of it.

use std::borrow::Cow;

use md5::{Digest, Md5};
use uuid::Builder;

use crate::json::{Kind, Members};

/// The ids of one event, as the gateway compares and hashes them. Empty where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    user: String,
    anonymous: String,
}

/// Types that are about nobody.
const ABOUT_NOBODY: [&str; 2] = ["\"record\"", "\"extract\""];

impl Ids {
    pub(super) fn of(event: &Members<'_>) -> Self {
        let id = |name| visible(event.get(name).unwrap_or("null"));
        Self { user: id("userId"), anonymous: id("anonymousId") }
    }

    /// Whether they are enough for an event of this type, as it is written.
    pub(super) fn suffice(&self, kind: Option<&str>) -> bool {
        let has_id = !self.user.is_empty() || !self.anonymous.is_empty();
        has_id || kind.is_some_and(|kind| ABOUT_NOBODY.contains(&kind))
    }

    /// RudderStack's own id for the two: their MD5 as a UUID of version 4 (rudder-server, `misc.GetMD5UUID`).
    pub(super) fn rudder_id(&self) -> String {
        let mut hash = Md5::new();
        hash.update(&self.user);
        hash.update(":");
        hash.update(&self.anonymous);
        Builder::from_random_bytes(hash.finalize().into()).into_uuid().hyphenated().to_string()
    }
}

/// What of a value can be seen: the text of a string, anything else as written, `null` as nothing.
pub(super) fn visible(value: &str) -> String {
    let text = match Kind::of(value) {
        Kind::Null => return String::new(),
        Kind::String => serde_json::from_str(value).map_or(Cow::Borrowed(value), Cow::Owned),
        Kind::Bool | Kind::Number | Kind::Array | Kind::Object => Cow::Borrowed(value),
    };
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    seen.trim().to_owned()
}

/// Characters without width or ink that are not white space: senders paste them with an id and do not see them.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{8}'
            | '\u{e}'..='\u{1f}'
            | '\u{7f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suffice(text: &str) -> bool {
        let event = Members::of(text);
        Ids::of(&event).suffice(event.get("type"))
    }

    #[test]
    fn somebody_is_whoever_leaves_something_to_see() {
        for text in [
            r#"{"userId":"u"}"#,
            r#"{"userId":5}"#,
            r#"{"userId":"","anonymousId":"a"}"#,
            r#"{"userId":{}}"#,
            r#"{"type":"record"}"#,
        ] {
            assert!(suffice(text), "{text}");
        }
        for text in [
            "{}",
            r#"{"userId":null,"anonymousId":""}"#,
            r#"{"userId":" \u200b\ufeff\t"}"#,
            r#"{"type":"track"}"#,
        ] {
            assert!(!suffice(text), "{text}");
        }
    }

    #[test]
    fn the_rudder_id_is_that_of_the_cleaned_ids() {
        let of = |text| Ids::of(&Members::of(text)).rudder_id();
        let id = of(r#"{"userId":"u1"}"#);
        // The MD5 of `u1:` is 5eff0fc3094488fa1c0438f62e3890ca.
        assert_eq!(id, "5eff0fc3-0944-48fa-9c04-38f62e3890ca");
        assert_eq!(id, of(r#"{"userId":" u1\u200b","anonymousId":null}"#));
        assert_ne!(id, of(r#"{"anonymousId":"u1"}"#));
    }
}
