//! The steps of an automation as they are given: which members each action has, and of what type. Actions that Courier's
//! schema does not know are let through, since its documentation has some of them.

use serde_json::Value;

use super::super::answer::Refusal;
use super::super::members::{missing, wrong};

/// Security: no automation that anybody drew has as many; each costs a line in the run log.
const MAX_STEPS: usize = 1_000;

/// The steps under a member of that name.
pub(super) fn check(steps: Option<&Value>, name: &str) -> Result<Vec<Value>, Refusal> {
    let steps = steps.ok_or_else(|| missing(name))?;
    let steps = steps.as_array().ok_or_else(|| wrong(name, "an array"))?;
    if steps.len() > MAX_STEPS {
        return Err(wrong(name, &format!("at most {MAX_STEPS} steps")));
    }
    for (index, step) in steps.iter().enumerate() {
        let action = step.get("action").and_then(Value::as_str);
        let action = action.ok_or_else(|| wrong(name, "objects with an 'action' each"))?;
        let place = format!("{name}[{index}]");
        if action == "delay" && ["duration", "until"].iter().all(|it| is_absent(step.get(it))) {
            return Err(Refusal::bad_request(format!(
                "'{place}' needs a 'duration' or an 'until'"
            )));
        }
        for member in members(action) {
            member.check(step, &place)?;
        }
    }
    Ok(steps.clone())
}

/// A member of a step, and what it must be where it is no reference.
struct Member {
    path: &'static str,
    need: Need,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Object,
    /// An object whose values are texts.
    Texts,
    /// Courier's OpenAPI has a text, its page on steps an object.
    TextOrObject,
    OneOf(&'static [&'static str]),
}

const MERGES: Kind = Kind::OneOf(&["none", "overwrite", "soft-merge", "replace"]);
const METHODS: Kind = Kind::OneOf(&["GET", "POST", "PUT", "PATCH", "DELETE"]);

const fn required(path: &'static str, kind: Kind) -> Member {
    Member { path, need: Need::Required, kind }
}

const fn optional(path: &'static str, kind: Kind) -> Member {
    Member { path, need: Need::Optional, kind }
}

const DELAY: [Member; 2] = [optional("duration", Kind::Text), optional("until", Kind::Text)];
const SEND: [Member; 6] = [
    optional("template", Kind::Text),
    optional("brand", Kind::Text),
    optional("recipient", Kind::Text),
    optional("data", Kind::Object),
    optional("profile", Kind::Object),
    optional("message", Kind::Object),
];
const SEND_LIST: [Member; 4] = [
    required("list", Kind::Text),
    optional("template", Kind::Text),
    optional("brand", Kind::Text),
    optional("data", Kind::Object),
];
const UPDATE_PROFILE: [Member; 3] = [
    required("profile", Kind::Object),
    optional("recipient_id", Kind::Text),
    optional("merge", MERGES),
];
const CANCEL: [Member; 1] = [required("cancelation_token", Kind::Text)];
const FETCH_DATA: [Member; 6] = [
    required("webhook", Kind::Object),
    required("webhook.url", Kind::Text),
    required("webhook.method", METHODS),
    optional("webhook.headers", Kind::Texts),
    optional("webhook.body", Kind::TextOrObject),
    optional("merge_strategy", MERGES),
];
const INVOKE: [Member; 1] = [required("template", Kind::Text)];

/// The members of the actions that Courier's OpenAPI has.
fn members(action: &str) -> &'static [Member] {
    match action {
        "delay" => &DELAY,
        "send" => &SEND,
        "send-list" => &SEND_LIST,
        "update-profile" => &UPDATE_PROFILE,
        "cancel" => &CANCEL,
        "fetch-data" => &FETCH_DATA,
        "invoke" => &INVOKE,
        _ => &[],
    }
}

impl Member {
    fn check(&self, step: &Value, place: &str) -> Result<(), Refusal> {
        let value = step.pointer(&format!("/{}", self.path.replace('.', "/")));
        let place = || format!("{place}.{}", self.path);
        match (self.need, value) {
            (Need::Required, None) => return Err(missing(&place())),
            (Need::Optional, value) if is_absent(value) => return Ok(()),
            (_, Some(value)) if is_reference(value) || self.kind.has(value) => return Ok(()),
            _ => {}
        }
        let expected = match self.kind {
            Kind::OneOf(known) => format!("one of {}", known.join(", ")),
            Kind::Text | Kind::Object | Kind::Texts | Kind::TextOrObject => {
                "of the type that Courier documents".to_owned()
            }
        };
        Err(wrong(&place(), &expected))
    }
}

impl Kind {
    fn has(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Object => value.is_object(),
            Self::TextOrObject => value.is_string() || value.is_object(),
            Self::Texts => {
                let of_text = |value: &Value| value.is_string() || is_reference(value);
                value.as_object().is_some_and(|members| members.values().all(of_text))
            }
            Self::OneOf(known) => value.as_str().is_some_and(|text| known.contains(&text)),
        }
    }
}

fn is_absent(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

/// A value that is only known in the run.
fn is_reference(value: &Value) -> bool {
    value.get("$ref").is_some_and(Value::is_string)
        || value.as_str().is_some_and(|text| text.starts_with("refs.") || text.contains("${"))
}
