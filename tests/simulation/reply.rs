//! An answer of Courier or of a proxy, and what `transport` makes of it: the rules of `transport/judge.rs`, as a table.

use std::time::Duration;

use bytes::Bytes;
use courier_sink::courier::{Class, Endpoint};
use courier_sink::delivery::{Answer, Failure, FailureKind, Outcome, Receipt};

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether it is Courier's own report of a failure
    is_api_error: bool,
    wait: Option<Duration>,
    body: Bytes,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, is_api_error: false, wait: None, body: Bytes::new() }
    }

    pub(crate) fn with_body(body: Bytes) -> Self {
        Self { body, ..Self::new(200) }
    }

    pub(crate) fn api_error() -> Self {
        Self { is_api_error: true, ..Self::new(500) }
    }

    pub(crate) fn throttled(wait: Option<Duration>) -> Self {
        Self { wait, ..Self::new(429) }
    }

    /// Whether Courier keeps it under the key: not if the endpoint never began.
    pub(crate) fn is_kept(&self) -> bool {
        !matches!(self.status, 400 | 401 | 429)
    }

    pub(crate) fn judge(self, endpoint: Endpoint) -> Result<Receipt, Failure> {
        let Self { status, is_api_error, wait, body } = self;
        let outcome = match (status, endpoint) {
            (200..300, _) => Some(Outcome::Accepted),
            (404, Endpoint::GetTenant) => Some(Outcome::Absent),
            (409, _) if endpoint.class() == Class::Inbound => Some(Outcome::Duplicate),
            (422, Endpoint::InvokeJourney) => Some(Outcome::Filtered),
            _ => None,
        };
        if let Some(outcome) = outcome {
            return Ok(Receipt { status, outcome, body });
        }
        let (kind, stored) = match status {
            401 => (FailureKind::Unauthorized, true),
            403 => (FailureKind::Forbidden, true),
            429 => (FailureKind::Throttled, true),
            408 | 409 => (FailureKind::Unavailable, false),
            500.. => (FailureKind::Unavailable, is_api_error),
            _ => (FailureKind::Refused, true),
        };
        let excerpt = if is_api_error { r#"{"type":"api_error"}"# } else { "no" }.to_owned();
        let answer = Some(Answer { status, excerpt, stored });
        let generation = courier_sink::courier::Generation::default();
        let detail = endpoint.to_string();
        Err(Failure { kind, retry_after: wait, answer, generation, detail })
    }
}

/// The connection broke.
pub(crate) fn lost() -> Failure {
    Failure::without_answer(FailureKind::Network, "connection reset")
}
