//! Call -> HTTP request. Pure: the key is an argument, and nothing is sent.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, USER_AGENT};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use super::BaseUrl;
use crate::courier;
use crate::delivery::{Call, Failure, FailureKind};

/// Courier's header for a request that must not act twice.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Until when Courier is to remember that key. Of the forms its documents name, epoch milliseconds, ISO 8601 and `1 Day`,
/// only the second is in all of them.
const IDEMPOTENCY_EXPIRATION: HeaderName = HeaderName::from_static("x-idempotency-expiration");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("courier-sink/", env!("CARGO_PKG_VERSION")));

/// The request `call` stands for, signed with `authorization`; public for embedders who send it with a client of their
/// own. An id too long for a URL is `Unsendable`.
///
/// `Host` and `Content-Length` are left to the connection, which knows its HTTP version.
pub fn encode(
    call: &Call,
    endpoint: &BaseUrl,
    authorization: HeaderValue,
) -> Result<Request<Full<Bytes>>, Failure> {
    // Refused above all for its length: an id has no limit, a URL of the `http` crate has one of 64 KiB.
    let uri = Uri::try_from(format!("{endpoint}{}", call.request.path()))
        .map_err(|error| unsendable(call, "URL", &error))?;
    let body = call.request.body();
    let mut request =
        Request::new(Full::new(body.as_ref().map_or_else(Bytes::new, courier::Body::to_bytes)));
    *request.method_mut() = match call.request.method() {
        courier::Method::Get => Method::GET,
        courier::Method::Post => Method::POST,
        courier::Method::Put => Method::PUT,
    };
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, authorization);
    headers.insert(ACCEPT, JSON);
    headers.insert(USER_AGENT, AGENT);
    if body.is_some() {
        headers.insert(CONTENT_TYPE, JSON);
    }
    if let Some(key) = call.key() {
        let key = HeaderValue::try_from(key.as_str())
            .map_err(|error| unsendable(call, "idempotency key", &error))?;
        headers.insert(IDEMPOTENCY_KEY, key);
        if let Some(expires) = call.key_expires {
            let expires = HeaderValue::try_from(expires.to_string())
                .map_err(|error| unsendable(call, "expiration of the idempotency key", &error))?;
            headers.insert(IDEMPOTENCY_EXPIRATION, expires);
        }
    }
    Ok(request)
}

fn unsendable(call: &Call, part: &str, error: &dyn std::error::Error) -> Failure {
    let endpoint = call.request.endpoint();
    let detail = format!("the {part} of {endpoint} cannot be sent: {error}");
    Failure::without_answer(FailureKind::Unsendable, detail)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::courier::{Body, KeySeed, Request as CourierRequest, TemplateId, TenantId, UserId};

    fn encoded(request: CourierRequest, base: &str) -> Result<Request<Full<Bytes>>, Failure> {
        let seed = KeySeed { sink: "s".into(), message_id: "m".into(), step: 0 };
        encode(
            &Call::new(request, Some(seed)),
            &BaseUrl::new(base).unwrap(),
            HeaderValue::from_static("Bearer k"),
        )
    }

    #[tokio::test]
    async fn a_post_carries_its_body_and_its_key() {
        let request = CourierRequest::InvokeAutomation {
            template: TemplateId::new("a/b").unwrap(),
            body: Body::new(&b"{\"data\":{}}"[..]).unwrap(),
        };
        let request = encoded(request, "https://host:1/base/").unwrap();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://host:1/base/automations/a%2Fb/invoke");
        let headers = request.headers();
        assert_eq!(headers["authorization"], "Bearer k");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["accept"], "application/json");
        assert_eq!(headers["user-agent"], format!("courier-sink/{}", env!("CARGO_PKG_VERSION")));
        assert_eq!(headers["idempotency-key"].len(), 36);
        assert_eq!(headers.len(), 5);
        let body = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "{\"data\":{}}");
    }

    #[test]
    fn a_get_has_neither_body_nor_key() {
        for (request, uri) in [
            (
                CourierRequest::GetTenant { tenant: TenantId::new("t").unwrap() },
                "http://host/tenants/t",
            ),
            (CourierRequest::ListTenants, "http://host/tenants?limit=1"),
        ] {
            let request = encoded(request, "http://host").unwrap();
            assert_eq!(request.method(), "GET");
            assert_eq!(request.uri(), uri);
            assert!(!request.headers().contains_key("content-type"));
            assert!(!request.headers().contains_key("idempotency-key"));
        }
    }

    #[test]
    fn a_profile_is_posted_without_a_key() {
        let request = CourierRequest::PostProfile {
            user: UserId::new("u").unwrap(),
            body: Body::empty_object(),
        };
        let request = encoded(request, "http://host").unwrap();
        assert!(!request.headers().contains_key("idempotency-key"));
    }

    #[test]
    fn an_id_too_long_for_a_url_cannot_be_sent() {
        let request =
            CourierRequest::GetTenant { tenant: TenantId::new(&"t".repeat(70_000)).unwrap() };
        let failure = encoded(request, "http://host").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unsendable);
        assert!(failure.detail.len() < 200, "{failure}");
    }
}
