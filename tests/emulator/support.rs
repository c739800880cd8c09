//! One request in, its status and JSON out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use courier_sink::config::emulator::Faults;
use courier_sink::emulator::{Clock, Courier, Run, Settings};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::contract;

pub(crate) const NOW_SECS: u64 = 1_700_000_000;

pub(crate) fn courier() -> Courier {
    contract::courier(Settings::default())
}

/// A Courier whose time the test sets, in seconds since the epoch.
pub(crate) fn courier_at() -> (Courier, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(NOW_SECS));
    let read = Arc::clone(&now);
    let clock = Clock::from_fn(move || Duration::from_secs(read.load(Ordering::Relaxed)));
    (contract::courier(Settings { clock, ..Settings::default() }), now)
}

/// Sends a request with a key of its own choosing and the headers given.
pub(crate) async fn send(
    courier: &Courier,
    line: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> (u16, Value) {
    let response = raw(courier, line, headers, body).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("the body is in memory").to_bytes();
    let json = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).expect("answers are JSON")
    };
    (status, json)
}

/// The same, with the answer as it comes.
pub(crate) async fn raw(
    courier: &Courier,
    line: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response {
    let (method, path) = line.split_once(' ').expect("a line is a method and a path");
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).expect("the test writes valid requests");
    courier.router().oneshot(request).await.expect("the router is infallible")
}

/// Sends an authorized JSON request; a null body is none.
pub(crate) async fn call(courier: &Courier, line: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    send(courier, line, &[("authorization", "Bearer key")], body).await
}

pub(crate) async fn get(courier: &Courier, path: &str) -> (u16, Value) {
    call(courier, &format!("GET {path}"), Value::Null).await
}

/// Runs steps for a user `u`, and gives the run.
pub(crate) async fn run(courier: &Courier, steps: Value, more: Value) -> Run {
    let Value::Object(mut more) = more else { panic!("it is an object") };
    let token = more.remove("cancelation_token");
    let automation = json!({"steps": steps, "cancelation_token": token});
    let Value::Object(mut body) = json!({"automation": automation, "recipient": "u"}) else {
        panic!("it is an object")
    };
    body.extend(more);
    let (status, answer) = call(courier, "POST /automations/invoke", Value::Object(body)).await;
    assert_eq!(status, 200, "{answer}");
    let run_id = answer.get("runId").and_then(Value::as_str);
    run_id.and_then(|run_id| courier.run(run_id)).expect("it was just started")
}

/// What became of the steps of a run.
pub(crate) fn statuses(run: &Run) -> Vec<&'static str> {
    run.steps.iter().map(|step| step.status.as_str()).collect()
}

/// A Courier with faults, in TOML.
pub(crate) fn faulty(faults: &str) -> Courier {
    let courier = courier();
    courier.set_faults(Faults::parse(faults).expect("the test writes valid options"));
    courier
}

/// Puts options, in TOML, to a route of the emulator's own.
pub(crate) async fn put(courier: &Courier, path: &str, text: &str) -> (u16, Value) {
    send(courier, &format!("PUT {path}"), &[], text.to_owned()).await
}

/// A POST with an idempotency key.
pub(crate) async fn keyed(courier: &Courier, path: &str, key: &str, body: Value) -> (u16, Value) {
    let headers = [("authorization", "Bearer key"), ("idempotency-key", key)];
    send(courier, &format!("POST {path}"), &headers, body.to_string()).await
}

pub(crate) fn assert_error(answer: &(u16, Value), status: u16, kind: &str) {
    assert_eq!(answer.0, status, "{}", answer.1);
    assert_eq!(answer.1.get("type"), Some(&Value::from(kind)));
    let message = answer.1.get("message").and_then(Value::as_str);
    assert!(message.is_some_and(|message| !message.is_empty()));
}

pub(crate) fn assert_invalid(answer: &(u16, Value), status: u16) {
    assert_error(answer, status, "invalid_request_error");
}
