//! Reading the members of a request body, with refusals that name the member and what it must be.

use serde_json::{Map, Value};

use super::answer::Refusal;

pub(super) fn required_string<'a>(
    body: &'a Map<String, Value>,
    name: &str,
) -> Result<&'a str, Refusal> {
    let value = body.get(name).ok_or_else(|| missing(name))?;
    value.as_str().ok_or_else(|| wrong(name, "a string"))
}

pub(super) fn required_object<'a>(
    body: &'a Map<String, Value>,
    name: &str,
) -> Result<&'a Map<String, Value>, Refusal> {
    let value = body.get(name).ok_or_else(|| missing(name))?;
    value.as_object().ok_or_else(|| wrong(name, "an object"))
}

pub(super) fn optional_string<'a>(
    body: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| wrong(name, "a string or null")),
    }
}

pub(super) fn optional_object<'a>(
    body: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_object().map(Some).ok_or_else(|| wrong(name, "an object or null")),
    }
}

/// A member that may be left out and may not be null.
pub(super) fn given_string<'a>(
    body: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    body.contains_key(name).then(|| required_string(body, name)).transpose()
}

/// A member that may be left out and may not be null.
pub(super) fn given_object<'a>(
    body: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    body.contains_key(name).then(|| required_object(body, name)).transpose()
}

/// Takes an object out of the body, so that it can be stored without a copy.
pub(super) fn take_object(
    body: &mut Map<String, Value>,
    name: &str,
) -> Result<Map<String, Value>, Refusal> {
    match body.remove(name) {
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(wrong(name, "an object")),
        None => Err(missing(name)),
    }
}

/// An id, a token or an address, which may well be a number: as it is written.
pub(super) fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// Refuses a member that is none of these: in what is ours, one that is misspelt would only be passed over.
pub(super) fn only(body: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    let Some(name) = body.keys().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let known = known.join("', '");
    Err(Refusal::bad_request(format!("'{name}' is not known here, only '{known}'")))
}

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::bad_request(format!("'{name}' is required"))
}

pub(super) fn wrong(name: &str, expected: &str) -> Refusal {
    Refusal::bad_request(format!("'{name}' must be {expected}"))
}
