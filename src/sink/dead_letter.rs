//! Where rejected events go, and what is said about them.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use super::Resume;
use crate::courier::{Endpoint, Generation};
use crate::event::{EventType, Origin};
use crate::telemetry::Rejection;

/// One rejected event or unreadable record. `Debug` leaves out what is personal.
#[derive(Clone)]
pub struct DeadLetter {
    /// The kind of reason
    pub reason: Rejection,
    /// The reason, in a clause
    pub detail: String,
    /// Where the record came from
    pub origin: Origin,
    /// The original event, or what could be kept of an unreadable record
    pub record: Bytes,
    /// What is known of the event; of a record that is none, what can still be read of it, if anything
    pub event: Option<Identity>,
    /// The request that was refused, or waited behind one that was
    pub answer: Option<Refused>,
}

/// What identifies an event. Only one that could not be read lacks its type or its id.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its type
    pub kind: Option<EventType>,
    /// Its `messageId`, perhaps made
    pub message_id: Option<String>,
    /// Its user: `userId`, else `anonymousId`
    pub user: Option<String>,
}

/// A request that ended its event, and the answer to it, where it was sent and answered.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Where it went
    pub endpoint: Endpoint,
    /// Which of the event's steps it was, from 0
    pub step: usize,
    /// Which steps had been done by then, from 0
    pub steps_done: Vec<usize>,
    /// The generation of the idempotency key it was refused at
    pub generation: Generation,
    /// The status code
    pub status: Option<u16>,
    /// The first KiB of the answer, on one line
    pub excerpt: Option<String>,
}

/// Keeps dead letters. An event is Rejected only once its letter is kept: what cannot be kept is Errored, so that its
/// source keeps the event.
pub trait DeadLetters: Send + Sync + 'static {
    /// Keeps `letter`, durably where that is promised. Many may be under way at once, first polled in the order in which
    /// their events are best sent again: one that is to stay behind another comes after it. Dropping the future may
    /// leave the letter kept or not.
    fn keep(&self, letter: DeadLetter) -> KeepFuture;

    /// Told before an event ends Errored whose record had a [`Resume`]: where to go on next time, and what went wrong,
    /// in a clause. Whoever sends dead letters again wants to know; by default nobody does.
    fn returned(&self, _origin: &Origin, _resume: Resume, _detail: &str) {}
}

/// Resolves when a letter is kept, or cannot be.
pub type KeepFuture = Pin<Box<dyn Future<Output = Result<(), DeadLetterError>> + Send>>;

/// A letter could not be kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the dead letter could not be written: {0}")]
pub struct DeadLetterError(pub String);

/// Keeps no letters but logs that there was one: for embedders that see the status and have the event themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogOnly;

impl DeadLetters for LogOnly {
    fn keep(&self, letter: DeadLetter) -> KeepFuture {
        tracing::error!(
            reason = %letter.reason,
            origin = %letter.origin,
            detail = %letter.detail,
            "event rejected, and no dead letters are kept"
        );
        Box::pin(std::future::ready(Ok(())))
    }
}

impl std::fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeadLetter({}, {}: {})", self.reason, self.origin, self.detail)
    }
}
