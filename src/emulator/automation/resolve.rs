//! References in steps, in the forms Courier documents: `{"$ref": "data.x"}`, a text that is `refs.data.x`, and
//! `${data.x}` within a text. Values keep their type; within a longer text they are written out.

use serde_json::{Map, Value};

use super::super::retention::value_weight;
use super::context::Context;

/// What resolving may still cost, and what it found missing.
///
/// Security: references multiply what they refer to, so what one start may make of them is bounded.
#[derive(Debug)]
pub(super) struct Room {
    bytes: usize,
}

/// The values of the references would be larger than is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Twice the largest request, by the weight of its values.
const MAX_BYTES: usize = 12 * 1024 * 1024;

impl Default for Room {
    fn default() -> Self {
        Self { bytes: MAX_BYTES }
    }
}

impl Room {
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), TooLarge> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(TooLarge)?;
        Ok(())
    }

    /// A copy of `value` with its references resolved. Paths that led nowhere are added to `missing`.
    pub(super) fn resolve(
        &mut self,
        value: &Value,
        context: &Context,
        missing: &mut Vec<String>,
    ) -> Result<Value, TooLarge> {
        match value {
            Value::Object(members) => match accessor(members) {
                Some(path) => self.look_up(path, context, missing),
                None => {
                    let mut resolved = Map::new();
                    for (name, value) in members {
                        self.take(name.len())?;
                        resolved.insert(name.clone(), self.resolve(value, context, missing)?);
                    }
                    Ok(Value::Object(resolved))
                }
            },
            Value::Array(items) => {
                let items = items.iter().map(|item| self.resolve(item, context, missing));
                items.collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Value::String(text) => self.text(text, context, missing),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                self.take(value_weight(value))?;
                Ok(value.clone())
            }
        }
    }

    fn text(
        &mut self,
        text: &str,
        context: &Context,
        missing: &mut Vec<String>,
    ) -> Result<Value, TooLarge> {
        if is_path(text) {
            return self.look_up(text, context, missing);
        }
        let mut written = String::new();
        let mut rest = text;
        while let Some((before, (path, after))) =
            rest.split_once("${").and_then(|(before, more)| Some((before, more.split_once('}')?)))
        {
            let value = self.look_up(path, context, missing)?;
            if before.is_empty() && after.is_empty() && written.is_empty() {
                return Ok(value);
            }
            written.push_str(before);
            match value {
                Value::Null => {}
                Value::String(text) => written.push_str(&text),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    written.push_str(&value.to_string());
                }
            }
            rest = after;
        }
        written.push_str(rest);
        let written = Value::from(written);
        self.take(value_weight(&written))?;
        Ok(written)
    }

    fn look_up(
        &mut self,
        path: &str,
        context: &Context,
        missing: &mut Vec<String>,
    ) -> Result<Value, TooLarge> {
        let Some(value) = context.at(path) else {
            self.take(path.len())?;
            missing.push(path.trim().to_owned());
            return Ok(Value::Null);
        };
        self.take(value_weight(value))?;
        Ok(value.clone())
    }
}

fn accessor(members: &Map<String, Value>) -> Option<&str> {
    members.get("$ref").filter(|_| members.len() == 1)?.as_str()
}

/// Whether all of a text is a path; what has a comparison in it is a condition.
pub(super) fn is_path(text: &str) -> bool {
    let ends_path = |it: char| it.is_whitespace() || matches!(it, '<' | '>' | '=' | '!');
    text.starts_with("refs.") && !text.contains(ends_path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use std::time::Duration;

    use super::super::super::state::State;
    use super::super::super::weather::Weather;
    use super::*;
    use crate::config::emulator::{Faults, Limits};

    fn context() -> Context {
        let weather = Weather::new(Limits::default(), Faults::default(), Duration::ZERO);
        let body = json!({"data": {"a": {"b": [1, {"c": "x"}]}, "n": 7, "big": "y".repeat(1_000)}});
        Context::of(&State::new(0, weather), body.as_object().expect("an object"), Some("u"))
    }

    fn resolved(value: &Value) -> (Value, Vec<String>) {
        let mut missing = Vec::new();
        let value = Room::default().resolve(value, &context(), &mut missing);
        (value.expect("there is room"), missing)
    }

    #[test]
    fn each_form_of_reference_gives_the_value_with_its_type() {
        for reference in [json!({"$ref": "data.n"}), json!("refs.data.n"), json!("${data.n}")] {
            assert_eq!(resolved(&reference), (json!(7), Vec::new()), "{reference}");
        }
        assert_eq!(resolved(&json!({"$ref": "refs.data.a.b.1.c"})).0, "x");
        assert_eq!(
            resolved(&json!(["refs.recipient", {"to": "refs.recipient"}])).0,
            json!(["u", {"to": "u"}])
        );
    }

    #[test]
    fn within_a_text_values_are_written_out() {
        let text = json!("no ${data.n} of ${ refs.data.a } for ${recipient}$");
        assert_eq!(resolved(&text).0, r#"no 7 of {"b":[1,{"c":"x"}]} for u$"#);
        assert_eq!(
            resolved(&json!("refs.data and more ${unclosed")).0,
            "refs.data and more ${unclosed"
        );
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_null_and_told() {
        let (value, missing) = resolved(&json!({"a": "refs.data.none", "b": "x${data.n.m}y"}));
        assert_eq!(value, json!({"a": null, "b": "xy"}));
        assert_eq!(missing, ["refs.data.none", "data.n.m"]);
    }

    #[test]
    fn what_references_multiply_is_bounded() {
        let many = Value::from(vec!["refs.data.big"; 20_000]);
        let result = Room::default().resolve(&many, &context(), &mut Vec::new());
        assert_eq!(result, Err(TooLarge));
    }
}
