//! An answer of Courier or of a proxy as it is on the wire, and what it means: the rules of `transport/judge.rs`, as a
//! table that must agree with what `transport` itself makes of it.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use courier_sink::courier::{Class, Endpoint};
use courier_sink::delivery::{Failure, FailureKind, Outcome, Receipt};
use courier_sink::transport::{self, ApiKey, judge};
use http::{HeaderMap, HeaderValue, StatusCode};

/// What time it is when a run begins, since 1970. Not a whole second, as dates are.
const BEGIN: Duration = Duration::from_millis(784_111_777_250);

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether it is Courier's own report of a failure
    is_api_error: bool,
    wait: Option<Wait>,
    body: Bytes,
}

/// The wait that an answer asks for, in each of the forms it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// `retry-after-ms`
    Milliseconds(u64),
    /// `Retry-After`
    Seconds(u64),
    /// `Retry-After` as a date, so many seconds after the run began
    Date(u64),
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        // Courier's own errors have a `message`.
        let body = if status < 500 { r#"{"message":"no"}"# } else { "no" };
        Self { status, is_api_error: false, wait: None, body: body.into() }
    }

    pub(crate) fn with_body(body: Bytes) -> Self {
        Self { body, ..Self::new(200) }
    }

    pub(crate) fn api_error() -> Self {
        Self { is_api_error: true, body: r#"{"type":"api_error"}"#.into(), ..Self::new(500) }
    }

    pub(crate) fn throttled(wait: Option<Wait>) -> Self {
        Self { wait, ..Self::new(429) }
    }

    /// What a good answer becomes on a bad way.
    pub(crate) fn garbled(self) -> Self {
        let is_good = (200..300).contains(&self.status);
        if is_good { Self { body: "<html>".into(), ..self } } else { self }
    }

    /// Whether Courier keeps it under the key: not if the endpoint never began.
    pub(crate) fn is_kept(&self) -> bool {
        !matches!(self.status, 400 | 401 | 429)
    }

    /// What `transport` makes of it at `now`.
    pub(crate) fn judge(&self, endpoint: Endpoint, now: Duration) -> Result<Receipt, Failure> {
        let headers = self.wait.map(Wait::header).into_iter().collect::<HeaderMap>();
        let status = StatusCode::from_u16(self.status).expect("tests know statuses");
        let reply =
            transport::Reply { endpoint, status, headers: &headers, body: self.body.clone() };
        let key = ApiKey::new("pk_test").expect("it is a key");
        let judged = judge(&reply, &key, BEGIN + now);
        let found = match &judged {
            Ok(receipt) => Ok(receipt.outcome),
            Err(failure) => Err((failure.kind, failure.answer_is_stored(), failure.retry_after)),
        };
        assert_eq!(found, self.meaning(endpoint, now), "{self:?} to {endpoint}");
        judged
    }

    /// Kind of failure, whether it may be stored under the key, and the wait that is asked for.
    fn meaning(
        &self,
        endpoint: Endpoint,
        now: Duration,
    ) -> Result<Outcome, (FailureKind, bool, Option<Duration>)> {
        let is_object = self.body.starts_with(b"{");
        let (kind, stored) = match (self.status, endpoint) {
            (200..300, Endpoint::GetTenant) if !is_object => (FailureKind::Unavailable, false),
            (200..300, _) => return Ok(Outcome::Accepted),
            (404, Endpoint::GetTenant) => return Ok(Outcome::Absent),
            (409, _) if endpoint.class() == Class::Inbound => return Ok(Outcome::Duplicate),
            (422, Endpoint::InvokeJourney) => return Ok(Outcome::Filtered),
            (401, _) => (FailureKind::Unauthorized, true),
            (403, _) => (FailureKind::Forbidden, true),
            (429, _) => (FailureKind::Throttled, true),
            (408 | 409, _) => (FailureKind::Unavailable, false),
            (500.., _) => (FailureKind::Unavailable, self.is_api_error),
            _ => (FailureKind::Refused, true),
        };
        Err((kind, stored, self.wait.and_then(|wait| wait.from(now))))
    }
}

impl Wait {
    fn header(self) -> (http::HeaderName, HeaderValue) {
        let (name, value) = match self {
            Self::Milliseconds(count) => ("retry-after-ms", count.to_string()),
            Self::Seconds(count) => ("retry-after", count.to_string()),
            Self::Date(seconds) => {
                let at = UNIX_EPOCH + BEGIN + Duration::from_secs(seconds);
                ("retry-after", httpdate::fmt_http_date(at))
            }
        };
        let value = HeaderValue::try_from(value).expect("it is plain text");
        (http::HeaderName::from_static(name), value)
    }

    /// How long that is from `now` on, if it is not over.
    fn from(self, now: Duration) -> Option<Duration> {
        match self {
            Self::Milliseconds(count) => Some(Duration::from_millis(count)),
            Self::Seconds(count) => Some(Duration::from_secs(count)),
            // A date has no fractions of a second.
            Self::Date(seconds) => {
                Duration::from_secs(BEGIN.as_secs() + seconds).checked_sub(BEGIN + now)
            }
        }
    }
}

/// The connection broke.
pub(crate) fn lost() -> Failure {
    Failure::without_answer(FailureKind::Network, "connection reset")
}
