//! The steps of an automation as they are given: which members each action needs. Actions that Courier's schema does not
//! know are let through, since its documentation has some of them.

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
        for &(member, is_fine) in members(action) {
            let value = step.pointer(&format!("/{}", member.replace('.', "/")));
            if !value.is_some_and(|value| is_fine(value) || is_reference(value)) {
                let place = format!("{name}[{index}].{member}");
                return Err(match value {
                    None => missing(&place),
                    Some(_) => wrong(&place, "of the type that Courier documents"),
                });
            }
        }
    }
    Ok(steps.clone())
}

type Member = (&'static str, fn(&Value) -> bool);

fn members(action: &str) -> &'static [Member] {
    match action {
        "send-list" => &[("list", Value::is_string)],
        "update-profile" => &[("profile", Value::is_object)],
        "cancel" => &[("cancelation_token", Value::is_string)],
        "fetch-data" => &[
            ("webhook", Value::is_object),
            ("webhook.url", Value::is_string),
            ("webhook.method", Value::is_string),
        ],
        "invoke" => &[("template", Value::is_string)],
        _ => &[],
    }
}

/// A value that is only known in the run.
fn is_reference(value: &Value) -> bool {
    value.get("$ref").is_some_and(Value::is_string)
        || value.as_str().is_some_and(|text| text.starts_with("refs."))
}
