//! What a sink is given: the bytes of a record, where they are from, and whom to tell.

use bytes::Bytes;

use super::Resume;
use crate::event::{Origin, Seed, Trust};
use crate::finalization::{Done, EventFinalizer};

/// One record: usually one event, at most whatever [`ingest::decode`](crate::ingest::decode) understands.
#[derive(Debug)]
pub struct Record {
    /// What it holds
    pub payload: Payload,
    /// Where it came from
    pub origin: Origin,
    /// Told how it ended: for several events the worst, once all have ended
    pub finalizer: EventFinalizer,
    /// Where to go on, if a part of its event was done before; a record of several events has no such place
    pub resume: Option<Resume>,
    /// What of it is done for good, as its finalizer was told when it was sent before: that is not done again
    pub done: Done,
}

/// What a record holds.
#[derive(Clone)]
pub enum Payload {
    /// Bytes to decode
    Bytes(Bytes),
    /// Something its source could not read: it ends Rejected, with a dead letter
    Unreadable {
        /// What can be kept of it
        bytes: Bytes,
        /// What is wrong, in a clause
        problem: String,
    },
}

impl Record {
    /// A record of `bytes` from nowhere in particular, written by somebody who is trusted. `chance` makes the ids of events that carry neither `messageId`
    /// nor a time: two records must not share it.
    pub fn new(bytes: impl Into<Bytes>, chance: u128) -> Self {
        Self {
            payload: Payload::Bytes(bytes.into()),
            origin: Origin {
                name: "record".into(),
                line: None,
                seed: Seed::Random(chance),
                trust: Trust::Trusted,
            },
            finalizer: EventFinalizer::none(),
            resume: None,
            done: Done::default(),
        }
    }

    /// The same record, telling `finalizer`.
    #[must_use]
    pub fn with_finalizer(self, finalizer: EventFinalizer) -> Self {
        Self { finalizer, ..self }
    }

    /// The same record, going on where `resume` says.
    #[must_use]
    pub fn with_resume(self, resume: Resume) -> Self {
        Self { resume: Some(resume), ..self }
    }

    /// The same record, of which so much is done.
    #[must_use]
    pub fn with_done(self, done: Done) -> Self {
        Self { done, ..self }
    }

    /// The same record, from `origin`.
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Unreadable { bytes, problem } => {
                write!(f, "Unreadable({} bytes, {problem:?})", bytes.len())
            }
        }
    }
}
