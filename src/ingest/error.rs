//! What is wrong with a record: which one, which field, what was expected.

use std::fmt;

use bytes::Bytes;

use crate::event::Origin;
use crate::json::Kind;

/// One record that is not an event.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}{}: {problem}", Position(*position))]
pub struct DecodeError {
    /// Where the record came from
    pub origin: Origin,
    /// Which event of the record it is, from 0
    pub position: usize,
    /// The bad part, as it came
    pub record: Bytes,
    /// What is wrong
    pub problem: Problem,
}

/// What is wrong with one event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Text that is not UTF-8
    #[error("invalid UTF-8 at byte {at}, expected JSON text")]
    Utf8 {
        /// Bytes from the start of the record
        at: usize,
    },
    /// Text that is not JSON
    #[error("not valid JSON: {0}")]
    Syntax(String),
    /// JSON, but not an object
    #[error("an event must be a JSON object, was {0}")]
    NotAnObject(Kind),
    /// A field that must be there, and say something
    #[error("`{field}` is missing or empty, expected {expected}")]
    Missing {
        /// The field
        field: &'static str,
        /// What should be there
        expected: &'static str,
    },
    /// A field of the wrong kind
    #[error("`{field}` must be {expected}, was {found}")]
    Field {
        /// The field
        field: &'static str,
        /// What should be there
        expected: &'static str,
        /// What is there, in a few words, never the value
        found: String,
    },
    /// Larger than the limit
    #[error("an event may take {limit} bytes, this one takes {bytes}")]
    TooLarge {
        /// Its size
        bytes: usize,
        /// The limit
        limit: usize,
    },
    /// Nested deeper than the limit
    #[error("an event may nest {limit} levels deep, this one is deeper")]
    TooDeep {
        /// The limit
        limit: usize,
    },
    /// Wrapped more often than any known producer does
    #[error("wrapped in more than {limit} envelopes")]
    Wrapped {
        /// The limit
        limit: usize,
    },
}

impl Problem {
    pub(super) fn utf8(bytes: &[u8]) -> Self {
        let at = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        Self::Utf8 { at }
    }

    pub(super) fn field(field: &'static str, expected: &'static str, raw: &str) -> Self {
        Self::Field { field, expected, found: Kind::of(raw).to_string() }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::Syntax(error.to_string())
    }
}

impl fmt::Debug for DecodeError {
    /// Without the record, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

struct Position(usize);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, " (event {})", self.0 + 1) }
    }
}
