//! Reading single fields of an event.

use std::borrow::Cow;

use super::Problem;
use crate::event::Id;
use crate::json::Kind;

/// The value, unless it is absent or `null`.
pub(super) fn present(raw: Option<&str>) -> Option<&str> {
    raw.filter(|raw| *raw != "null")
}

/// The text of a string.
pub(super) fn text(raw: &str) -> Result<Cow<'_, str>, Problem> {
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Ok(Cow::Borrowed(inner)),
        // A lone surrogate is valid to a scanner and not to a reader: an error, not a panic.
        _ => Ok(Cow::Owned(serde_json::from_str(raw)?)),
    }
}

/// An id: a string, or a number as its decimal text. Absent, `null` and blank are no id.
pub(super) fn id<K>(field: &'static str, raw: Option<&str>) -> Result<Option<Id<K>>, Problem> {
    let Some(raw) = present(raw) else {
        return Ok(None);
    };
    match Kind::of(raw) {
        Kind::String => Ok(Id::new(&text(raw)?)),
        // An exponent has many spellings; which one was meant as the id cannot be known.
        Kind::Number if !raw.contains(['e', 'E']) => Ok(Id::new(raw)),
        Kind::Number => Err(Problem::Field {
            field,
            expected: "a string or a number",
            found: "a number with an exponent".to_owned(),
        }),
        Kind::Null | Kind::Bool | Kind::Array | Kind::Object => {
            Err(Problem::field(field, "a string or a number", raw))
        }
    }
}
