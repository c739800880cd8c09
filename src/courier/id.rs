//! Ids that travel as one percent-encoded segment of a path.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// An id that may stand in a path: not empty, not `.`, not `..`.
///
/// Courier takes any string as an id and documents no limit on its length.
pub struct PathId<K> {
    text: Arc<str>,
    kind: PhantomData<fn() -> K>,
}

/// A user's id.
pub type UserId = PathId<kinds::User>;
/// A tenant's id (an "account" until August 2023).
pub type TenantId = PathId<kinds::Tenant>;
/// The id or alias of an automation or a journey.
pub type TemplateId = PathId<kinds::Template>;

/// What a [`PathId`] can be the id of. Never built.
pub mod kinds {
    /// A user.
    #[derive(Debug)]
    pub enum User {}
    /// A tenant.
    #[derive(Debug)]
    pub enum Tenant {}
    /// An automation or a journey.
    #[derive(Debug)]
    pub enum Template {}
}

/// The text cannot stand in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathIdError {
    /// `""`
    #[error("must not be empty")]
    Empty,
    /// `.` or `..`, which every URL parser takes for the directory itself or its parent
    #[error("must not be `.` or `..`, which a URL cannot carry as an id")]
    Dots,
}

/// All but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl<K> PathId<K> {
    /// Takes `text` if it can stand in a path.
    pub fn new(text: &str) -> Result<Self, PathIdError> {
        match text {
            "" => Err(PathIdError::Empty),
            "." | ".." => Err(PathIdError::Dots),
            _ => Ok(Self { text: text.into(), kind: PhantomData }),
        }
    }

    /// The id itself, not encoded.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id as a path segment.
    pub fn encoded(&self) -> impl fmt::Display + '_ {
        utf8_percent_encode(&self.text, SEGMENT)
    }
}

impl<K> Clone for PathId<K> {
    fn clone(&self) -> Self {
        Self { text: Arc::clone(&self.text), kind: PhantomData }
    }
}

impl<K> PartialEq for PathId<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for PathId<K> {}

impl<K> Hash for PathId<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<K> fmt::Debug for PathId<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_encoded_segment() {
        for (id, segment) in [
            ("u1", "u1"),
            ("a/b", "a%2Fb"),
            ("x@y.z", "x%40y.z"),
            ("100%", "100%25"),
            ("a b", "a%20b"),
            ("ü", "%C3%BC"),
            ("...", "..."),
            ("%2e", "%252e"),
        ] {
            assert_eq!(UserId::new(id).unwrap().encoded().to_string(), segment);
        }
    }

    #[test]
    fn what_a_url_cannot_carry_is_refused() {
        assert_eq!(UserId::new(""), Err(PathIdError::Empty));
        assert_eq!(UserId::new("."), Err(PathIdError::Dots));
        assert_eq!(UserId::new(".."), Err(PathIdError::Dots));
    }
}
