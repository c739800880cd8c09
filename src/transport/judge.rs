//! What an answer means, decided here once. Pure: the answer has been read, the clock is an argument.
//!
//! The statuses are those of Courier's API reference; what Courier's own clients retry is retried
//! (408, 409, 429, 5xx, and what `x-should-retry` says).

use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use http::{HeaderMap, StatusCode};

use super::ApiKey;
use super::excerpt::excerpt;
use super::retry_after::retry_after;
use crate::courier::{Class, Endpoint, Generation};
use crate::delivery::{Answer, Failure, FailureKind, Outcome, Receipt};
use crate::json::{Json, Kind};

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply<'a> {
    /// What was asked
    pub endpoint: Endpoint,
    /// The status
    pub status: StatusCode,
    /// The headers
    pub headers: &'a HeaderMap,
    /// The body: all of a tenant, else as much as was read; what it means is in the first KiB
    pub body: Bytes,
}

/// Judges `reply`, received at `now` (since 1970) to a request signed with `key`; public for embedders who send what
/// [`encode`](super::encode()) gives them with a client of their own.
pub fn judge(reply: &Reply<'_>, key: &ApiKey, now: Duration) -> Result<Receipt, Failure> {
    if let Some(outcome) = outcome(reply.endpoint, reply.status).filter(|_| !is_garbled(reply)) {
        let wanted = reply.endpoint == Endpoint::GetTenant && outcome == Outcome::Accepted;
        return Ok(Receipt {
            status: reply.status.as_u16(),
            outcome,
            body: if wanted { reply.body.clone() } else { Bytes::new() },
        });
    }
    let (kind, remark) = kind(reply);
    Err(Failure {
        kind,
        retry_after: retry_after(reply.headers, now),
        answer: Some(Answer {
            status: reply.status.as_u16(),
            excerpt: excerpt(&reply.body, key),
            stored: stored(reply),
        }),
        detail: format!("{}{remark}", reply.endpoint),
        generation: Generation::default(),
    })
}

/// Whether a tenant was asked for and something else answered: a page of a proxy, say. A tenant must never be overwritten
/// on the strength of it, and the next answer may well be right. Courier's own 404 is an object with a `message`.
fn is_garbled(reply: &Reply<'_>) -> bool {
    let object = || {
        let text = ByteString::try_from(reply.body.clone()).ok()?;
        Json::parse(&text).ok().filter(|json| json.kind() == Kind::Object)
    };
    match (reply.endpoint, reply.status) {
        (Endpoint::GetTenant, StatusCode::NOT_FOUND) => {
            object().and_then(|error| error.member("message")).is_none()
        }
        (Endpoint::GetTenant, status) if status.is_success() => object().is_none(),
        // The health check must not take a proxy's page for Courier either; of a long answer only the beginning is read.
        (Endpoint::ListTenants, status) if status.is_success() => {
            !reply.body.trim_ascii_start().starts_with(b"{")
        }
        _ => false,
    }
}

/// Whether an answer with `status` is one whose body is needed whole.
pub(super) fn wants_body(endpoint: Endpoint, status: StatusCode) -> bool {
    endpoint == Endpoint::GetTenant && status.is_success()
}

fn outcome(endpoint: Endpoint, status: StatusCode) -> Option<Outcome> {
    if status.is_success() {
        return Some(Outcome::Accepted);
    }
    match (status, endpoint) {
        (StatusCode::CONFLICT, _) if endpoint.class() == Class::Inbound => Some(Outcome::Duplicate),
        (StatusCode::NOT_FOUND, Endpoint::GetTenant) => Some(Outcome::Absent),
        (StatusCode::UNPROCESSABLE_ENTITY, Endpoint::InvokeJourney) => Some(Outcome::Filtered),
        _ => None,
    }
}

/// The kind of a failure, and what is to be said about it.
fn kind(reply: &Reply<'_>) -> (FailureKind, &'static str) {
    let (kind, remark) = match reply.status {
        // The key is at fault, not the request: whether to retry it is not the question.
        StatusCode::UNAUTHORIZED => return (FailureKind::Unauthorized, ""),
        StatusCode::TOO_MANY_REQUESTS => (FailureKind::Throttled, ""),
        StatusCode::FORBIDDEN => (FailureKind::Forbidden, ""),
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => (FailureKind::Unavailable, ""),
        // Said by the proxy on the way, about us: no reason to give up an event.
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            (FailureKind::Unavailable, ": the proxy wants other credentials")
        }
        status if status.as_u16() >= 500 => (FailureKind::Unavailable, ""),
        _ if is_garbled(reply) => (FailureKind::Unavailable, ": the answer is not Courier's"),
        status if status.is_redirection() => (FailureKind::Refused, ": redirects are not followed"),
        _ => (FailureKind::Refused, ""),
    };
    match (should_retry(reply.headers), kind) {
        (Some(true), FailureKind::Refused | FailureKind::Forbidden) => {
            (FailureKind::Unavailable, ": the server wants a retry")
        }
        (
            Some(false),
            FailureKind::Throttled | FailureKind::Unavailable | FailureKind::Forbidden,
        ) => (FailureKind::Refused, ": the server wants no retry"),
        _ => (kind, remark),
    }
}

fn should_retry(headers: &HeaderMap) -> Option<bool> {
    let value = headers.get("x-should-retry")?.to_str().ok()?;
    value.trim().to_ascii_lowercase().parse().ok()
}

/// Whether Courier may have stored the answer under the idempotency key: only where its own code began to work on the
/// request (<https://www.courier.com/docs/reference/idempotent-requests>), or nobody says it did not.
fn stored(reply: &Reply<'_>) -> bool {
    match reply.status {
        // Another request with this key was running, or nothing ran at all.
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::CONFLICT
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED => false,
        // A proxy's 502 says nothing about what Courier stored, and looks different.
        status if status.as_u16() >= 500 => is_api_error(&reply.body),
        // Nothing was done, so that another key risks nothing.
        status => status.is_client_error(),
    }
}

fn is_api_error(body: &Bytes) -> bool {
    ByteString::try_from(body.clone())
        .ok()
        .and_then(|text| Json::parse(&text).ok())
        .and_then(|json| json.member("type")?.to_text())
        .is_some_and(|kind| kind == "api_error")
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureKind::{Forbidden, Refused, Throttled, Unauthorized, Unavailable};

    const NOT_FOUND: &str = r#"{"type":"invalid_request_error","message":"no such tenant"}"#;
    const API_ERROR: &str = r#"{"type":"api_error","message":"boom"}"#;

    fn judged(
        endpoint: Endpoint,
        status: u16,
        header: &[(&'static str, &'static str)],
        body: &str,
    ) -> Result<Receipt, Failure> {
        let headers = header
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let reply = Reply {
            endpoint,
            status: StatusCode::from_u16(status).unwrap(),
            headers: &headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        judge(&reply, &ApiKey::new("pk_secret").unwrap(), Duration::ZERO)
    }

    #[test]
    fn some_answers_are_good_on_some_endpoints_only() {
        for endpoint in Endpoint::ALL {
            for status in [200, 201, 202, 204, 299] {
                let receipt = judged(endpoint, status, &[("x-should-retry", "false")], "{}");
                assert_eq!(receipt.unwrap().outcome, Outcome::Accepted);
            }
            let good = |status| judged(endpoint, status, &[], NOT_FOUND).ok().map(|it| it.outcome);
            let only = |outcome, when: bool| when.then_some(outcome);
            let inbound = endpoint.class() == Class::Inbound;
            assert_eq!(good(409), only(Outcome::Duplicate, inbound));
            let tenant = endpoint == Endpoint::GetTenant;
            assert_eq!(good(404), only(Outcome::Absent, tenant));
            let journey = endpoint == Endpoint::InvokeJourney;
            assert_eq!(good(422), only(Outcome::Filtered, journey));
        }
    }

    #[test]
    fn only_a_tenant_s_body_is_handed_on() {
        for (endpoint, status, body) in [
            (Endpoint::GetTenant, 200, "{}"),
            (Endpoint::GetTenant, 404, ""),
            (Endpoint::ListTenants, 200, ""),
            (Endpoint::PostProfile, 200, ""),
        ] {
            let sent = if status == 404 { NOT_FOUND } else { "{}" };
            assert_eq!(judged(endpoint, status, &[], sent).unwrap().body, body);
        }
    }

    #[test]
    fn a_page_in_place_of_a_tenant_may_pass() {
        for body in ["<html>", "", "[]", "{\"id\":"] {
            for status in [200, 404] {
                let failure = judged(Endpoint::GetTenant, status, &[], body).unwrap_err();
                assert_eq!(failure.kind, Unavailable, "{status} {body}");
                assert!(failure.detail.contains("not Courier's"));
            }
        }
    }

    #[test]
    fn every_other_answer_is_a_failure_of_one_kind() {
        let (always, never) = (("x-should-retry", "true"), ("x-should-retry", "False"));
        for (status, body, usual, forced, forbidden, stored) in [
            (101, "", Refused, Unavailable, Refused, false),
            (302, "", Refused, Unavailable, Refused, false),
            (400, "", Refused, Unavailable, Refused, true),
            (401, "", Unauthorized, Unauthorized, Unauthorized, true),
            (403, "", Forbidden, Unavailable, Refused, true),
            (404, "", Refused, Unavailable, Refused, true),
            (407, "", Unavailable, Unavailable, Refused, false),
            (408, API_ERROR, Unavailable, Unavailable, Refused, false),
            (409, API_ERROR, Unavailable, Unavailable, Refused, false),
            (413, "", Refused, Unavailable, Refused, true),
            (422, "", Refused, Unavailable, Refused, true),
            (429, "", Throttled, Throttled, Refused, true),
            (500, API_ERROR, Unavailable, Unavailable, Refused, true),
            (500, "[]", Unavailable, Unavailable, Refused, false),
            (502, "<html>", Unavailable, Unavailable, Refused, false),
            (503, r#"{"type":5}"#, Unavailable, Unavailable, Refused, false),
            (599, "", Unavailable, Unavailable, Refused, false),
            (999, "", Unavailable, Unavailable, Refused, false),
        ] {
            for (headers, kind) in [
                (&[][..], usual),
                (&[("x-should-retry", "maybe")], usual),
                (&[always], forced),
                (&[never], forbidden),
            ] {
                let failure = judged(Endpoint::PostProfile, status, headers, body).unwrap_err();
                assert_eq!(failure.kind, kind, "{status} {headers:?}");
                assert_eq!(failure.answer_is_stored(), stored, "{status} {body}");
                assert_eq!(failure.answer.unwrap().status, status);
            }
        }
    }

    #[test]
    fn a_failure_tells_the_wait_and_the_place() {
        let failure =
            judged(Endpoint::PutTenant, 503, &[("retry-after", "2")], "no\r\nway\u{2028}\0")
                .unwrap_err();
        assert_eq!(failure.retry_after, Some(Duration::from_secs(2)));
        assert_eq!(failure.answer.as_ref().unwrap().excerpt, "no  way  ");
        assert_eq!(failure.to_string(), "unavailable (status 503): PUT /tenants/{tenant_id}");
    }
}
