//! Why an event cannot become a request.

use crate::courier::{BodyTooLarge, PathIdError};
use crate::json::Kind;

/// What is wrong with an event: which field, what was expected. It ends Rejected, with a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A field that must be there is not, or says nothing
    #[error("`{0}` is missing or empty")]
    Missing(&'static str),
    /// A field that an option names is not there
    #[error("`{path}` is missing, and `{option}` of the mapping block `on = \"{on}\"` asks for it")]
    MissingMapped {
        /// The block
        on: String,
        /// The option
        option: &'static str,
        /// The path in it
        path: String,
    },
    /// A field is of the wrong kind
    #[error("`{field}` must be {expected}, was {found}")]
    Kind {
        /// The field
        field: String,
        /// What was expected
        expected: &'static str,
        /// What was there
        found: Kind,
    },
    /// An id that cannot stand in a path
    #[error("`{field}` {error}")]
    Id {
        /// The field
        field: &'static str,
        /// Why not
        error: PathIdError,
    },
    /// A list that must hold something
    #[error("`{0}` must not be empty")]
    Empty(&'static str),
    /// The request would be too large
    #[error(transparent)]
    TooLarge(#[from] BodyTooLarge),
}

impl Refusal {
    pub(super) fn kind(field: impl Into<String>, expected: &'static str, found: Kind) -> Self {
        Self::Kind { field: field.into(), expected, found }
    }

    pub(super) const fn id(field: &'static str) -> impl Fn(PathIdError) -> Self {
        move |error| Self::Id { field, error }
    }
}
