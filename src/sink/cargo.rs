//! What rides on an event through batch and lanes, and the dead letter it may become.

use super::{DeadLetter, Identity, Refused};
use crate::courier::Endpoint;
use crate::delivery::{Failure, FailureKind, Outcome};
use crate::event::{Event, Id, Origin};
use crate::finalization::EventFinalizer;
use crate::telemetry::Rejection;

/// An event that is inside, with everything its end needs.
#[derive(Debug)]
pub(super) struct Cargo {
    pub(super) event: Event,
    pub(super) origin: Origin,
    pub(super) finalizer: EventFinalizer,
    /// Its share of the window, in bytes
    pub(super) weight: usize,
    /// Whether Courier did anything for it, beyond saying that it is filtered
    pub(super) was_accepted: bool,
    /// What ended it, if it was refused
    pub(super) refused: Option<Box<Ending>>,
}

/// Why an event was refused after a request was tried.
#[derive(Debug)]
pub(super) struct Ending {
    reason: Rejection,
    detail: String,
    endpoint: Endpoint,
    step: usize,
    status: Option<u16>,
    excerpt: Option<String>,
}

impl Cargo {
    pub(super) fn accept(&mut self, outcome: Outcome) {
        self.was_accepted |= outcome != Outcome::Filtered;
    }

    pub(super) fn refuse(&mut self, step: usize, endpoint: Endpoint, failure: &Failure) {
        let reason = match failure.kind {
            FailureKind::Unsendable => Rejection::Unsendable,
            FailureKind::Refused if failure.answer.as_ref().is_some_and(|it| it.status == 403) => {
                Rejection::Forbidden
            }
            FailureKind::Throttled
            | FailureKind::Unavailable
            | FailureKind::Network
            | FailureKind::TimedOut
            | FailureKind::Unauthorized
            | FailureKind::Forbidden
            | FailureKind::Refused => Rejection::Answered,
        };
        let detail = failure.to_string();
        let answer = failure.answer.as_ref();
        let (status, excerpt) = answer.map(|it| (it.status, it.excerpt.clone())).unzip();
        self.refused = Some(Box::new(Ending { reason, detail, endpoint, step, status, excerpt }));
    }

    /// The letter for an event that ended Rejected, and what is left of its cargo.
    pub(super) fn into_letter(self, steps_done: Vec<usize>) -> (DeadLetter, EventFinalizer, usize) {
        let Self { event, origin, finalizer, weight, refused, .. } = self;
        let letter = match refused.map(|ending| *ending) {
            Some(Ending { reason, detail, endpoint, step, status, excerpt }) => DeadLetter {
                answer: Some(Refused { endpoint, step, steps_done, status, excerpt }),
                ..letter(&event, origin, reason, detail)
            },
            None => letter(&event, origin, Rejection::Refused, String::new()),
        };
        (letter, finalizer, weight)
    }
}

/// The letter for an event that became no request.
pub(super) fn letter(
    event: &Event,
    origin: Origin,
    reason: Rejection,
    detail: String,
) -> DeadLetter {
    let user = event.user_id.as_ref().map(Id::as_str);
    let user = user.or_else(|| event.anonymous_id.as_ref().map(Id::as_str));
    DeadLetter {
        reason,
        detail,
        origin,
        record: event.body.to_bytes(),
        event: Some(Identity {
            kind: event.kind,
            message_id: event.message_id.as_str().to_owned(),
            user: user.map(str::to_owned),
        }),
        answer: None,
    }
}
