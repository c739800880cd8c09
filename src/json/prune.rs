//! Taking null members out of an object, at every depth, all else to the byte.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Kind, Members, ObjectWriter};

/// Removes every member whose value is `null`, at every depth, also inside arrays. Elements of arrays stay where they
/// are: a null element holds its neighbours' positions. What is kept is kept as written, and text without a `null` in
/// it is given back as it is.
///
/// The recursion is as deep as the value, so `text` must be within the limit that ingest enforces.
pub fn prune_nulls(text: &str) -> Cow<'_, str> {
    if !text.contains("null") {
        return Cow::Borrowed(text);
    }
    match Kind::of(text) {
        Kind::Object => {
            let mut object = ObjectWriter::with_capacity(text.len());
            let members = Members::of(text);
            // A null takes the values before it along: without it, they would be back.
            let last = members.last_values();
            for (name, value) in members.iter() {
                if value != "null" && last.get(name) != Some(&"null") {
                    object.raw(name, &prune_nulls(value));
                }
            }
            Cow::Owned(object.finish())
        }
        Kind::Array => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            let pruned: Vec<_> = elements.iter().map(|value| prune_nulls(value.get())).collect();
            Cow::Owned(format!("[{}]", pruned.join(",")))
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::String => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_go_at_every_depth_and_elements_stay() {
        let text = r#"{"a":null,"b":{"c":null,"d":1.50},"e":[null,{"f":null,"g":"null"}],"h":[]}"#;
        assert_eq!(prune_nulls(text), r#"{"b":{"d":1.50},"e":[null,{"g":"null"}],"h":[]}"#);
    }

    #[test]
    fn a_null_takes_the_values_before_it_along() {
        let text = r#"{"a":1,"b":null,"a":null,"b":2}"#;
        assert_eq!(prune_nulls(text), r#"{"b":2}"#);
    }

    #[test]
    fn text_without_nulls_is_not_copied() {
        assert!(matches!(prune_nulls(r#"{"a": 1 }"#), Cow::Borrowed(_)));
    }
}
