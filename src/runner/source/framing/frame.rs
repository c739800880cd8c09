//! What cutting gives: a record with its place. Its `Debug` shows no content.

use bytes::Bytes;

use super::{Mark, Place};

/// One record.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it holds
    pub content: Content,
    /// Where it begins
    pub from: Place,
    /// Where to go on once it is done
    pub next: Place,
    /// What tells that place apart, where that was asked for
    pub mark: Option<Mark>,
}

/// What a record holds. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Its bytes, without white space around them
    Whole(Bytes),
    /// It is longer than allowed
    TooLong {
        /// Its first bytes, [`KEPT_BYTES`] at most
        head: Bytes,
        /// How long it is
        bytes: u64,
    },
}

/// How much is kept of a record that is too long: enough to recognise it by, little enough to keep many.
pub const KEPT_BYTES: usize = 64 << 10;

/// What an input that breaks off lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The rest of the record that begins there
    Record(Place),
    /// The `]` of its array
    Bracket,
}

impl std::fmt::Debug for Frame {
    /// Without the record, which is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let content = match &self.content {
            Content::Whole(bytes) => format!("{} bytes", bytes.len()),
            Content::TooLong { bytes, .. } => format!("too long: {bytes} bytes"),
        };
        write!(f, "Frame({content}, {:?} to {:?})", self.from, self.next)
    }
}

impl std::fmt::Debug for Content {
    /// Without the record, which is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::TooLong { bytes, .. } => write!(f, "TooLong({bytes} bytes)"),
        }
    }
}
