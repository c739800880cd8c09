//! One JSON value as written: a slice of the bytes it arrived in.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde_json::value::RawValue;

use super::{Members, Path};

/// One syntactically valid JSON value, kept as its source text (no surrounding white space).
///
/// Cloning is cheap: clones share the buffer the value arrived in, and keep that buffer alive.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(ByteString);

/// The text is not one JSON value.
#[derive(Debug, thiserror::Error)]
#[error("not valid JSON: {0}")]
pub struct JsonError(#[from] serde_json::Error);

/// What a JSON value is, told from its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number of any size or precision
    Number,
    /// A string
    String,
    /// An array
    Array,
    /// An object
    Object,
}

impl Json {
    /// Checks `text` and keeps it.
    pub fn parse(text: &ByteString) -> Result<Self, JsonError> {
        let raw: &RawValue = serde_json::from_str(text)?;
        let trimmed = text.slice_ref(raw.get());
        Ok(Self(trimmed))
    }

    /// `{}`
    pub const fn empty_object() -> Self {
        Self(ByteString::from_static("{}"))
    }

    /// Takes what an [`ObjectWriter`](super::ObjectWriter) or [`prune_nulls`](super::prune_nulls) gave.
    pub(crate) fn from_writer(text: String) -> Self {
        Self(ByteString::from(text))
    }

    /// Takes the part of `owner` that a parser of this crate has already found to be a value.
    pub(crate) fn from_checked(owner: &ByteString, part: &str) -> Self {
        Self(owner.slice_ref(part))
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as bytes, sharing the buffer.
    pub fn to_bytes(&self) -> Bytes {
        self.0.clone().into_bytes()
    }

    /// What the value is.
    pub fn kind(&self) -> Kind {
        Kind::of(&self.0)
    }

    /// The members of an object; none for any other value.
    pub fn members(&self) -> Members<'_> {
        Members::of(&self.0)
    }

    /// The elements of an array; none for any other value.
    pub fn elements(&self) -> Vec<Json> {
        let elements: Vec<&RawValue> = serde_json::from_str(&self.0).unwrap_or_default();
        let own = |element: &&RawValue| Json::from_checked(&self.0, element.get());
        elements.iter().map(own).collect()
    }

    /// The value at `path` below this one, or `None` where any part of the way is missing.
    pub fn get(&self, path: &Path) -> Option<Json> {
        path.find(&self.0).map(|part| Json::from_checked(&self.0, part))
    }

    /// The member `name` of an object. The last one counts where a name is repeated, as in most parsers.
    pub fn member(&self, name: &str) -> Option<Json> {
        self.members().get(name).map(|part| Json::from_checked(&self.0, part))
    }

    /// The text inside a string value, with its escapes resolved; `None` for any other value.
    pub fn to_text(&self) -> Option<String> {
        serde_json::from_str(&self.0).ok()
    }
}

impl fmt::Debug for Json {
    /// Says what it is and how long, never what it holds: events are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({:?}, {} bytes)", self.kind(), self.0.len())
    }
}

impl Kind {
    /// Tells the kind of a valid JSON text.
    pub fn of(text: &str) -> Self {
        match text.trim_start().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}
