//! `properties.courier.automation`: what an event itself says about automations, and how far it is believed.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::event::{Event, Trust};
use crate::json::{Json, Kind, Members, ObjectWriter};

use super::{Inline, Rules};

/// Our name as a member's, and what any other spelling of it begins with. Made once: that takes longer than looking.
static NAMES_COURIER: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["\"courier\"", "\\u"].map(Finder::new));

/// The members Courier documents for this place, and those its ad hoc invoke takes. Absent where `null`.
#[derive(Debug, Default)]
pub(super) struct Payload {
    pub(super) steps: Option<Json>,
    pub(super) template: Option<Json>,
    pub(super) data: Option<Json>,
    pub(super) profile: Option<Json>,
    pub(super) recipient: Option<Json>,
    pub(super) brand: Option<Json>,
    pub(super) cancelation_token: Option<Json>,
}

impl Payload {
    /// What the event says; nothing for most events.
    pub(super) fn of(event: &Event) -> Self {
        let Some(properties) = event.properties.as_ref().filter(|it| may_name_courier(it.as_str()))
        else {
            return Self::default();
        };
        let automation = properties.member("courier").and_then(|it| it.member("automation"));
        let Some(automation) = automation else {
            return Self::default();
        };
        let member = |name| automation.member(name).filter(|value| value.kind() != Kind::Null);
        Self {
            steps: member("steps"),
            template: member("template"),
            data: member("data"),
            profile: member("profile"),
            recipient: member("recipient"),
            brand: member("brand"),
            cancelation_token: member("cancelation_token"),
        }
    }

    /// Forgets what is not trusted.
    pub(super) fn limit(&mut self, trust: Inline) {
        if trust < Inline::Allow {
            self.steps = None;
        }
        if trust < Inline::Template {
            self.template = None;
        }
    }
}

/// How far the event is believed: as far as the rules go, and not at all where its writer is not trusted.
pub(super) fn trust(event: &Event, rules: &Rules) -> Inline {
    match event.trust {
        Trust::Trusted => rules.inline,
        Trust::Untrusted => Inline::Ignore,
    }
}

/// Whether the member `name` of an automation goes further than the event is believed.
pub(super) fn is_distrusted(name: &str, trust: Inline) -> bool {
    match name {
        "steps" => trust < Inline::Allow,
        "template" => trust < Inline::Template,
        _ => false,
    }
}

/// Whether [`strip`] can find anything in this text or a part of it. Few events have it, so few are read once more.
pub(super) fn may_distrust(text: &str, trust: Inline) -> bool {
    trust < Inline::Allow && may_name_courier(text)
}

/// `properties` without what `trust` does not cover, so that Courier cannot run it either; `None` where there is
/// nothing to take out. `data` and all else stays.
pub(super) fn strip(properties: &str, trust: Inline) -> Option<String> {
    if !may_distrust(properties, trust) {
        return None;
    }
    rewrite(properties, "courier", |courier| {
        rewrite(courier, "automation", |automation| {
            let distrusted = |name: &str| is_distrusted(name, trust);
            let members = Members::of(automation);
            if !members.iter().any(|(name, _)| distrusted(name)) {
                return None;
            }
            let mut kept = ObjectWriter::with_capacity(automation.len());
            for (name, value) in members.iter().filter(|(name, _)| !distrusted(name)) {
                kept.raw(name, value);
            }
            Some(kept.finish())
        })
    })
}

/// The object with each member called `name` changed by `change`; `None` where none is.
fn rewrite(object: &str, name: &str, change: impl Fn(&str) -> Option<String>) -> Option<String> {
    let members = Members::of(object);
    let mut changed = false;
    let mut written = ObjectWriter::with_capacity(object.len());
    // Security: every repetition of the name, since readers differ in which one they take.
    for (key, value) in members.iter() {
        let replacement = if key == name { change(value) } else { None };
        changed |= replacement.is_some();
        written.raw(key, replacement.as_deref().unwrap_or(value));
    }
    changed.then(|| written.finish())
}

/// Whether a look inside is worth it. Security: a name can be spelt with escapes, so any escape of that kind counts.
fn may_name_courier(text: &str) -> bool {
    let [name, escape] = &*NAMES_COURIER;
    name.find(text.as_bytes()).or_else(|| escape.find(text.as_bytes())).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_distrusted_is_taken_out() {
        let properties = r#"{"a":1.0,"courier":{"automation":{"steps":[1],"template":"t","data":{"x":1}},"b":2}}"#;
        assert_eq!(strip(properties, Inline::Allow), None);
        assert_eq!(
            strip(properties, Inline::Template).unwrap(),
            r#"{"a":1.0,"courier":{"automation":{"template":"t","data":{"x":1}},"b":2}}"#
        );
        assert_eq!(
            strip(properties, Inline::Ignore).unwrap(),
            r#"{"a":1.0,"courier":{"automation":{"data":{"x":1}},"b":2}}"#
        );
        assert_eq!(strip(r#"{"courier":{"automation":{"data":1}}}"#, Inline::Ignore), None);
    }

    #[test]
    fn escaped_and_repeated_names_do_not_get_through() {
        let properties = r#"{"\u0063ourier":{"automation":{"st\u0065ps":[1]}},"courier":{"automation":{"steps":[2]}}}"#;
        assert_eq!(
            strip(properties, Inline::Ignore).unwrap(),
            r#"{"courier":{"automation":{}},"courier":{"automation":{}}}"#
        );
    }
}
