//! Why an attempt failed, decided once where the answer is read, and used by everyone above.

use std::fmt;
use std::time::Duration;

use crate::courier::Generation;
use crate::telemetry::ErrorType;

/// An attempt that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}", Told(answer.as_ref(), detail))]
pub struct Failure {
    /// What kind of failure it is
    pub kind: FailureKind,
    /// How long the server asks to wait (`retry-after-ms`, else `Retry-After`), uncapped
    pub retry_after: Option<Duration>,
    /// Courier's answer, where there was one
    pub answer: Option<Answer>,
    /// What went wrong, in a clause; never a secret
    pub detail: String,
    /// Which generation of its idempotency key the attempt had: stamped by retry, which alone counts them
    pub generation: Generation,
}

/// An answer that was not a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code
    pub status: u16,
    /// The first KiB of the body, on one line
    pub excerpt: String,
    /// Whether Courier may have stored this answer under the idempotency key and would replay it
    pub stored: bool,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// 429: too fast
    Throttled,
    /// 5xx, 408, 409, or a server that says `x-should-retry: true`: may work later
    Unavailable,
    /// No answer: the connection failed or broke
    Network,
    /// No answer in time
    TimedOut,
    /// 401: the key is wrong, not the event
    Unauthorized,
    /// 403: the key may not do this, or nobody may
    Forbidden,
    /// The server will never take this request as it is
    Refused,
    /// The request cannot be sent as it is
    Unsendable,
    /// The request is sent no more: what it is about has become too old
    Expired,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again later, as often as configured; in the end the event is Errored, not Rejected
    Retry,
    /// Keep everything until Courier lets something through again; such attempts do not count
    Hold,
    /// Give up: the event is Rejected
    Reject,
}

impl Failure {
    /// A failure without an answer.
    pub fn without_answer(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            retry_after: None,
            answer: None,
            detail: detail.into(),
            generation: Generation::default(),
        }
    }

    /// What to do about it.
    pub const fn verdict(&self) -> Verdict {
        match self.kind {
            FailureKind::Throttled
            | FailureKind::Unavailable
            | FailureKind::Network
            | FailureKind::TimedOut => Verdict::Retry,
            FailureKind::Unauthorized | FailureKind::Forbidden => Verdict::Hold,
            FailureKind::Refused | FailureKind::Unsendable | FailureKind::Expired => {
                Verdict::Reject
            }
        }
    }

    /// Whether the answer may be stored under the key that was sent, so that only another key can get past it.
    pub fn answer_is_stored(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.stored)
    }
}

impl FailureKind {
    /// What it counts as where it ends something.
    pub(crate) const fn error_type(self) -> ErrorType {
        match self {
            Self::Throttled | Self::Unavailable | Self::Refused => ErrorType::Request,
            Self::Network => ErrorType::Connection,
            Self::TimedOut => ErrorType::TimedOut,
            Self::Unauthorized | Self::Forbidden => ErrorType::Authentication,
            Self::Unsendable => ErrorType::Encoder,
            Self::Expired => ErrorType::Condition,
        }
    }

    /// The name used in labels, logs and dead letters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Network => "network",
            Self::TimedOut => "timed_out",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Refused => "refused",
            Self::Unsendable => "unsendable",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes the detail and the status behind the kind.
struct Told<'a>(Option<&'a Answer>, &'a str);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(answer) = self.0 {
            write!(f, " (status {})", answer.status)?;
        }
        if self.1.is_empty() { Ok(()) } else { write!(f, ": {}", self.1) }
    }
}
