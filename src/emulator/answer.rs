//! What the emulator says: an answer, or a refusal in Courier's error shape
//! (`{"type": …, "message": …}`, section "Errors" of its API reference).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

/// One answer, cheap to clone so that it can be kept for replay.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A request that was not carried out, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    /// Empty where Courier says none.
    kind: &'static str,
    message: String,
}

impl Answer {
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::written(status, body.to_string())
    }

    /// An answer whose body was written as JSON.
    pub(super) fn written(status: StatusCode, body: String) -> Self {
        let body = Bytes::from(body);
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { status, headers, body }
    }

    /// What writes to profiles and lists are answered with.
    pub(super) fn success() -> Self {
        Self::json(StatusCode::OK, &json!({"status": "SUCCESS"}))
    }

    pub(super) fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

impl Refusal {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::invalid(StatusCode::BAD_REQUEST, message)
    }

    /// A 400 without a `type`, which Courier's validation of some queries gives.
    pub(super) fn untyped(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "", message: message.into() }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::invalid(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::invalid(StatusCode::CONFLICT, message)
    }

    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::invalid(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::invalid(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            kind: "authentication_error",
            message: message.into(),
        }
    }

    pub(super) fn message(self) -> String {
        self.message
    }

    fn invalid(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, kind: "invalid_request_error", message: message.into() }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let body = match refusal.kind {
            "" => json!({"message": refusal.message}),
            kind => json!({"type": kind, "message": refusal.message}),
        };
        Self::json(refusal.status, &body)
    }
}
