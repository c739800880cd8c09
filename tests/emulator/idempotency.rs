//! `Idempotency-Key`.

use std::sync::atomic::Ordering;

use courier_sink::emulator::{Scripted, Stage};
use http::StatusCode;
use serde_json::json;

use crate::support::{NOW_SECS, assert_invalid, courier, courier_at, keyed, send};

const PATH: &str = "/automations/t/invoke";
const DAY: u64 = 24 * 3_600;

#[tokio::test]
async fn the_first_answer_is_replayed_whatever_the_later_body() {
    let courier = courier();
    let first = keyed(&courier, PATH, "k", json!({"recipient": "u"})).await;
    assert_eq!(first.0, 200);
    assert_eq!(keyed(&courier, PATH, "k", json!({"recipient": "other"})).await, first);
    assert_eq!(keyed(&courier, PATH, "k", json!({})).await, first);
    assert_eq!(courier.invocations().len(), 1);
    let replayed: Vec<_> = courier.requests().iter().map(|request| request.replayed).collect();
    assert_eq!(replayed, [false, true, true]);
    assert_eq!(courier.summary().replayed, 2);
}

#[tokio::test]
async fn another_key_path_or_method_is_another_request() {
    let courier = courier();
    let body = || json!({"recipient": "u"});
    let first = keyed(&courier, PATH, "k", body()).await;
    assert_ne!(keyed(&courier, PATH, "k2", body()).await, first);
    assert_ne!(keyed(&courier, "/automations/t2/invoke", "k", body()).await, first);
    let headers = [("authorization", "Bearer key"), ("idempotency-key", "k")];
    for name in ["a", "b"] {
        let body = json!({"name": name}).to_string();
        let (_, tenant) = send(&courier, "PUT /tenants/t", &headers, body).await;
        assert_eq!(tenant["name"], name);
    }
}

#[tokio::test]
async fn a_refused_request_keeps_nothing() {
    let courier = courier();
    assert_invalid(&keyed(&courier, PATH, "k", json!({})).await, 400);
    let headers = [("idempotency-key", "k")];
    assert_eq!(send(&courier, &format!("POST {PATH}"), &headers, "{}").await.0, 401);
    courier.answer_next(1, |_| true, Scripted::error(StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(keyed(&courier, PATH, "k", json!({"recipient": "u"})).await.0, 429);
    assert_eq!(keyed(&courier, PATH, "k", json!({"recipient": "u"})).await.0, 200);
}

#[tokio::test]
async fn a_500_of_the_endpoint_is_replayed() {
    for (stage, done) in [(Stage::Handler, 0), (Stage::Committed, 1)] {
        let courier = courier();
        let error = Scripted { stage, ..Scripted::error(StatusCode::INTERNAL_SERVER_ERROR) };
        courier.answer_next(1, |_| true, error);
        let body = || json!({"recipient": "u"});
        let first = keyed(&courier, PATH, "k", body()).await;
        assert_eq!((first.0, &first.1["type"]), (500, &json!("api_error")));
        assert_eq!(keyed(&courier, PATH, "k", body()).await, first);
        assert_eq!(courier.invocations().len(), done);
        assert_eq!(keyed(&courier, PATH, "fresh", body()).await.0, 200);
    }
}

#[tokio::test]
async fn a_key_is_new_again_after_a_day() {
    let (courier, now) = courier_at();
    let body = || json!({"recipient": "u"});
    let first = keyed(&courier, PATH, "k", body()).await;
    now.store(NOW_SECS + DAY - 1, Ordering::Relaxed);
    assert_eq!(keyed(&courier, PATH, "k", body()).await, first);
    now.store(NOW_SECS + DAY, Ordering::Relaxed);
    assert_ne!(keyed(&courier, PATH, "k", body()).await, first);
    assert_eq!(courier.invocations().len(), 2);
}

#[tokio::test]
async fn an_expiration_header_keeps_a_key_longer() {
    let millis = ((NOW_SECS + 3 * DAY) * 1_000).to_string();
    for expiration in [millis.as_str(), "2023-11-17T22:13:20Z", "2023-11-17T22:13:20", "3 Days"] {
        let (courier, now) = courier_at();
        let headers = [
            ("authorization", "Bearer key"),
            ("idempotency-key", "k"),
            ("x-idempotency-expiration", expiration),
        ];
        let line = format!("POST {PATH}");
        let body = || json!({"recipient": "u"}).to_string();
        let first = send(&courier, &line, &headers, body()).await;
        now.store(NOW_SECS + 3 * DAY - 1, Ordering::Relaxed);
        assert_eq!(send(&courier, &line, &headers, body()).await, first, "{expiration}");
        now.store(NOW_SECS + 3 * DAY, Ordering::Relaxed);
        assert_ne!(send(&courier, &line, &headers, body()).await, first, "{expiration}");
    }
    let headers = [
        ("authorization", "Bearer key"),
        ("idempotency-key", "k"),
        ("x-idempotency-expiration", "tomorrow"),
    ];
    let body = r#"{"recipient":null}"#;
    let answer = send(&courier(), &format!("POST {PATH}"), &headers, body).await;
    assert_invalid(&answer, 400);
    for accepted in ["2026-12-25", "2026-12-25T00:00:00", "1 Day"] {
        let headers = [headers[0], headers[1], (headers[2].0, accepted)];
        let answer = send(&courier(), &format!("POST {PATH}"), &headers, body).await;
        assert_eq!(answer.0, 200, "{accepted}");
    }
}
