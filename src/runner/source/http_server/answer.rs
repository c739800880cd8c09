//! What a client is told, in the words of RudderStack's gateway: its SDKs know what to do about these, and no others.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};

use crate::runner::source::door::Verdict;

/// Why a request, or an event in it, is not taken. `Display` is the gateway's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(super) enum Refusal {
    /// No write key where it is looked for
    #[error("failed to read writekey from header")]
    NoKeyInHeader,
    /// The same for beacons, which cannot set headers
    #[error("failed to read writekey from query params")]
    NoKeyInQuery,
    /// A key that is not one of ours
    #[error("invalid write key")]
    UnknownKey,
    /// A GET that tells nothing
    #[error("request body is nil")]
    NoBody,
    /// Text that is not JSON
    #[error("invalid json")]
    NotJson,
    /// A batch without events
    #[error("empty batch payload")]
    EmptyBatch,
    /// JSON that is not an object where an event should be
    #[error("event is not a valid rudder event")]
    NotAnEvent,
    /// An event that is about nobody
    #[error("request neither has anonymousId nor userId")]
    Nobody,
    /// More bytes or events than are taken
    #[error("request size exceeds max limit")]
    TooLarge,
    /// A body that breaks off, or cannot be unpacked
    #[error("failed to read body from request")]
    BrokenBody,
    /// Too much is under way
    #[error("Service Unavailable")]
    Overloaded,
    /// Not safe, or not known to be: it is to be sent again
    #[error("service unavailable")]
    Unavailable,
}

/// A client that is told so waits that long before it tries again, in seconds.
const OVERLOADED_FOR: HeaderValue = HeaderValue::from_static("1");

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::NoKeyInHeader | Self::NoKeyInQuery | Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::NoBody | Self::NotJson | Self::EmptyBatch | Self::NotAnEvent | Self::Nobody => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BrokenBody => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Overloaded | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The response that says so.
    pub(super) fn into_response(self) -> Response {
        let mut response = error(self.status(), format!("{self}\n"));
        if self == Self::Overloaded {
            response.headers_mut().insert(RETRY_AFTER, OVERLOADED_FOR);
        }
        response
    }
}

/// What is said of a path that is none of ours: the gateway leaves that to Go, which says it so.
pub(super) async fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// The response to a request whose events were handed over.
pub(super) fn of(verdict: Verdict) -> Response {
    match verdict {
        // 200 and nothing else: the Python SDK takes any other status for a failure.
        Verdict::Safe => with(StatusCode::OK, TEXT, "ok"),
        Verdict::Errored | Verdict::Late | Verdict::Closed => Refusal::Unavailable.into_response(),
        Verdict::Overloaded => Refusal::Overloaded.into_response(),
    }
}

/// A JSON document.
pub(super) fn json(status: StatusCode, text: impl Into<Body>) -> Response {
    with(status, JSON, text)
}

fn error(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = with(status, TEXT, text);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn with(status: StatusCode, content_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
