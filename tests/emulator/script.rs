//! Scripted answers, and what only they make visible: requests that overlap.

use std::time::Duration;

use courier_sink::emulator::{Scripted, Stage};
use futures::poll;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use std::pin::pin;

use crate::support::{assert_invalid, call, courier, get, keyed};

fn slow(stage: Stage) -> Scripted {
    Scripted { stage, delay: Duration::from_secs(5), ..Scripted::error(StatusCode::BAD_GATEWAY) }
}

#[tokio::test]
async fn the_next_matching_requests_get_the_scripted_answer_and_do_nothing() {
    let courier = courier();
    let mut throttled = Scripted::error(StatusCode::TOO_MANY_REQUESTS);
    throttled.headers.insert("retry-after", HeaderValue::from_static("1"));
    courier.answer_next(2, |request| request.path.starts_with("/profiles"), throttled);
    let body = || json!({"profile": {"a": 1}});
    assert_eq!(get(&courier, "/tenants").await.0, 200);
    assert_eq!(call(&courier, "POST /profiles/u", body()).await.1["type"], "rate_limit_error");
    assert_eq!(call(&courier, "POST /profiles/u", body()).await.0, 429);
    assert_eq!(courier.profile("u"), None);
    assert_eq!(call(&courier, "POST /profiles/u", body()).await.0, 200);
}

#[tokio::test]
async fn a_committed_request_is_done_before_its_scripted_answer() {
    let courier = courier();
    let lost = Scripted { stage: Stage::Committed, ..Scripted::error(StatusCode::BAD_GATEWAY) };
    courier.answer_next(1, |request| request.body.starts_with(b"{\"profile\""), lost);
    assert_eq!(call(&courier, "POST /profiles/u", json!({"profile": {"a": 1}})).await.0, 502);
    assert_eq!(courier.profile("u"), Some(json!({"a": 1})));
}

#[tokio::test]
async fn scripts_are_used_in_the_order_they_were_made() {
    let courier = courier();
    for status in [StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE] {
        courier.answer_next(1, |_| true, Scripted::error(status));
    }
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&courier, "/tenants").await.0);
    }
    assert_eq!(statuses, [401, 503, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_concurrent_request_with_the_same_key_conflicts() {
    let courier = courier();
    courier.answer_next(1, |_| true, slow(Stage::Committed));
    let path = "/automations/t/invoke";
    let body = || json!({"recipient": "u"});
    let mut first = pin!(keyed(&courier, path, "k", body()));
    assert!(poll!(&mut first).is_pending());
    assert_eq!(courier.requests()[0].status, None);
    assert_invalid(&keyed(&courier, path, "k", body()).await, 409);
    let first = first.await;
    assert_eq!(first.0, 502);
    assert_eq!(keyed(&courier, path, "k", body()).await, first);
    assert_eq!(courier.invocations().len(), 1);
    assert_eq!(courier.requests()[0].status, Some(StatusCode::BAD_GATEWAY));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_finds_what_was_done_under_its_key() {
    let courier = courier();
    courier.answer_next(1, |_| true, slow(Stage::Committed));
    let path = "/automations/t/invoke";
    let body = || json!({"recipient": "u"});
    let left = tokio::time::timeout(Duration::from_secs(1), keyed(&courier, path, "k", body()));
    assert!(left.await.is_err());
    assert_eq!(keyed(&courier, path, "k", body()).await.0, 502);
    assert_eq!(courier.invocations().len(), 1);
    let statuses: Vec<_> = courier.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [None, Some(StatusCode::BAD_GATEWAY)]);
}
