//! The emulated Courier as a transport, without a socket.

use axum::body::Body;
use courier_sink::courier::{Class, Endpoint};
use courier_sink::delivery::{Answer, Call, Failure, FailureKind, Outcome, Receipt};
use courier_sink::emulator::Courier;
use courier_sink::sink::Transport;
use courier_sink::transport::{BaseUrl, encode};
use http::HeaderValue;
use http_body_util::BodyExt;
use tower::ServiceExt;

/// Asks `courier`, and judges what tests make it answer.
pub(crate) fn transport(courier: &Courier) -> impl Transport + use<> {
    let router = courier.router();
    let base = BaseUrl::new("http://127.0.0.1").unwrap();
    tower::service_fn(move |call: Call| {
        let request = encode(&call, &base, HeaderValue::from_static("Bearer pk_test"));
        let (router, endpoint) = (router.clone(), call.request.endpoint());
        async move {
            let response = router.oneshot(request?.map(Body::new)).await.unwrap();
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let outcome = match (status, endpoint) {
                (200..300, _) => Outcome::Accepted,
                (404, Endpoint::GetTenant) => Outcome::Absent,
                (409, _) if endpoint.class() == Class::Inbound => Outcome::Duplicate,
                _ => return Err(failure(status, &body)),
            };
            Ok(Receipt { status, outcome, body })
        }
    })
}

fn failure(status: u16, body: &[u8]) -> Failure {
    let (kind, stored) = match status {
        409 => (FailureKind::Unavailable, false),
        500.. => (FailureKind::Unavailable, body.starts_with(b"{")),
        _ => (FailureKind::Refused, true),
    };
    let excerpt = String::from_utf8_lossy(body).into_owned();
    let answer = Some(Answer { status, excerpt, stored });
    Failure { answer, ..Failure::without_answer(kind, status.to_string()) }
}
