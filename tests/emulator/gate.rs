//! What holds for every route: the key, the size, the shape of a body, routes that are none.

use axum::body::Body;
use bytes::Bytes;
use courier_sink::emulator::Settings;
use futures::stream;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::convert::Infallible;

use crate::contract;
use crate::support::{assert_error, assert_invalid, call, courier, send};

const LIMIT: usize = 6 * 1024 * 1024;

/// A profile body of exactly so many bytes.
fn body_of(length: usize) -> String {
    let frame = json!({"profile": {"a": ""}}).to_string();
    json!({"profile": {"a": "x".repeat(length - frame.len())}}).to_string()
}

#[tokio::test]
async fn a_request_without_the_right_key_is_unauthorized() {
    let settings = Settings { api_key: Some(SecretString::from("secret")), ..Settings::default() };
    let courier = contract::courier(settings);
    let wrong = ["", "Bearer", "Bearer ", "Bearer other", "Basic secret", "secret"];
    for value in wrong {
        let answer = send(&courier, "GET /tenants", &[("authorization", value)], "").await;
        assert_error(&answer, 401, "authentication_error");
    }
    assert_error(&send(&courier, "GET /tenants", &[], "").await, 401, "authentication_error");
    let right = send(&courier, "GET /tenants", &[("authorization", "bearer secret")], "").await;
    assert_eq!(right.0, 200);
    assert_eq!(courier.requests().len(), wrong.len() + 2);
    assert!(!format!("{:?} {courier:?}", courier.requests()).contains("secret"));
}

#[tokio::test]
async fn without_a_configured_key_any_is_accepted_but_none_is_not() {
    let courier = courier();
    assert_eq!(call(&courier, "GET /tenants", Value::Null).await.0, 200);
    assert_error(&send(&courier, "GET /tenants", &[], "").await, 401, "authentication_error");
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large_and_one_at_it_is_not() {
    let courier = courier();
    let key = [("authorization", "Bearer key")];
    assert_eq!(send(&courier, "POST /profiles/u", &key, body_of(LIMIT)).await.0, 200);
    assert_invalid(&send(&courier, "POST /profiles/u", &key, body_of(LIMIT + 1)).await, 413);
    let chunks = (0..7).map(|_| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 1024 * 1024])));
    let body = Body::from_stream(stream::iter(chunks));
    assert_invalid(&send(&courier, "POST /inbound/courier", &key, body).await, 413);
    let request = courier.requests().pop().expect("just sent");
    assert!(request.body.is_empty());
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_everywhere() {
    let courier = courier();
    let key = [("authorization", "Bearer key")];
    for line in [
        "POST /profiles/u",
        "PUT /profiles/u",
        "POST /automations/invoke",
        "POST /automations/t/invoke",
        "POST /journeys/j/invoke",
        "POST /inbound/courier",
        "POST /inbound/rudderstack",
        "PUT /tenants/t",
        "PUT /users/u/tenants/t",
    ] {
        for body in ["", "{", "{} x", "\u{1}"] {
            assert_invalid(&send(&courier, line, &key, body).await, 400);
        }
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_invalid(&send(&courier, "POST /profiles/u", &key, deep).await, 400);
}

#[tokio::test]
async fn an_unknown_path_or_method_is_not_found() {
    let courier = courier();
    for line in [
        "POST /",
        "GET /nothing",
        "POST /profiles/",
        "PATCH /tenants",
        "POST /tenants/t",
        "BREW /tenants",
    ] {
        assert_invalid(&call(&courier, line, Value::Null).await, 404);
    }
}
