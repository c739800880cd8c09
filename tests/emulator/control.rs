//! The log and the summary, in process and over HTTP.

use axum::body::Body;
use axum::extract::Request;
use courier_sink::emulator::Courier;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{call, courier, get, keyed};

async fn log_lines(courier: &Courier) -> Vec<Value> {
    lines_of(courier, "/emulator/requests").await
}

async fn lines_of(courier: &Courier, path: &str) -> Vec<Value> {
    let request = Request::get(path).body(Body::empty()).expect("a valid request");
    let response = courier.router().oneshot(request).await.expect("the router is infallible");
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let body = response.into_body().collect().await.expect("the body is in memory").to_bytes();
    let text = String::from_utf8(body.to_vec()).expect("NDJSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[tokio::test]
async fn the_log_shows_requests_as_they_were_on_the_wire() {
    let courier = courier();
    assert_eq!(log_lines(&courier).await, Vec::<Value>::new());
    keyed(&courier, "/profiles/a%2Fb", "k1", json!({"profile": {"big": u64::MAX}})).await;
    get(&courier, "/tenants?limit=1").await;
    let expected = [
        json!({
            "sequence": 0, "method": "POST", "path": "/profiles/a%2Fb", "route": "/profiles/{user_id}",
            "idempotency_key": "k1", "content_type": null, "status": 200, "replayed": false, "fault": null,
            "body": {"profile": {"big": u64::MAX}},
        }),
        json!({
            "sequence": 1, "method": "GET", "path": "/tenants?limit=1", "route": "/tenants",
            "idempotency_key": null, "content_type": null, "status": 200, "replayed": false, "fault": null,
            "body": null,
        }),
    ];
    assert_eq!(log_lines(&courier).await, expected);
    assert_eq!(courier.requests().len(), 2);
}

#[tokio::test]
async fn what_the_emulator_has_no_route_of_its_own_for_is_not_asked_of_courier() {
    let courier = courier();
    for unknown in ["GET /emulator/nothing", "POST /emulator/links", "PUT /emulator/automations"] {
        let (status, answer) = call(&courier, unknown, json!({})).await;
        assert_eq!((status, answer["type"].as_str()), (404, Some("invalid_request_error")));
    }
    assert_eq!(courier.requests(), []);
}

#[tokio::test]
async fn a_log_longer_than_a_chunk_comes_whole_and_in_order() {
    let courier = courier();
    for _ in 0..600 {
        get(&courier, "/tenants").await;
    }
    let sequences: Vec<_> =
        log_lines(&courier).await.iter().map(|line| line["sequence"].clone()).collect();
    assert_eq!(sequences, (0..600).map(Value::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_summary_counts_by_route_and_status() {
    let courier = courier();
    call(&courier, "POST /profiles/a", json!({"profile": {}})).await;
    call(&courier, "POST /profiles/b", json!({"profile": {}})).await;
    call(&courier, "POST /profiles/b", json!({})).await;
    call(&courier, "PUT /tenants/t", json!({"name": "T"})).await;
    call(&courier, "PUT /users/a/tenants/t", json!({})).await;
    call(&courier, "POST /journeys/j/invoke", json!({"user_id": "a"})).await;
    call(&courier, "POST /inbound/rudderstack", json!({"type": "track"})).await;
    call(&courier, "BREW /coffee", Value::Null).await;
    let (status, summary) = get(&courier, "/emulator/summary").await;
    assert_eq!(status, 200);
    let count = |method, route, status, count| json!({"method": method, "route": route, "status": status, "count": count});
    let expected = json!({
        "requests": [
            count("POST", "/inbound/rudderstack", 202, 1),
            count("POST", "/journeys/{template}/invoke", 202, 1),
            count("POST", "/profiles/{user_id}", 200, 2),
            count("POST", "/profiles/{user_id}", 400, 1),
            count("PUT", "/tenants/{tenant_id}", 200, 1),
            count("PUT", "/users/{user_id}/tenants/{tenant_id}", 204, 1),
            count("OTHER", "unknown", 404, 1),
        ],
        "replayed": 0, "profiles": 2, "tenants": 1, "memberships": 1, "invocations": 1, "inbound": 1,
        "runs": 1, "messages": 0,
    });
    assert_eq!(summary, expected);
    assert_eq!(courier.summary().succeeded("POST", "/profiles/{user_id}"), 2);
}

#[tokio::test]
async fn runs_are_told_with_the_values_of_their_steps() {
    let courier = courier();
    for id in ["first", "second"] {
        let steps = json!([{"action": "send", "template": "t", "data": {"id": "refs.data.id", "x": "refs.data.x"}}]);
        let body = json!({"automation": {"steps": steps}, "recipient": "u", "data": {"id": id}});
        call(&courier, "POST /automations/invoke", body).await;
    }
    let lines = lines_of(&courier, "/emulator/runs").await;
    let values: Vec<_> =
        lines.iter().map(|run| &run["steps"][0]["resolved"]["data"]["id"]).collect();
    assert_eq!(values, ["second", "first"]);
    let run = &courier.runs()[0];
    let (status, told) = get(&courier, &format!("/emulator/runs/{}", run.run_id)).await;
    assert_eq!((status, &told), (200, &lines[0]));
    let step = &run.steps[0];
    assert_eq!(told["run_id"], json!(run.run_id));
    assert_eq!(told["source"], json!(["invoke"]));
    assert_eq!((&told["recipient"], &told["status"]), (&json!("u"), &json!("PROCESSED")));
    assert_eq!(told["context"]["data"], json!({"id": "second"}));
    assert_eq!(told["steps"][0]["step_id"], json!(step.step_id));
    assert_eq!(told["steps"][0]["unresolved"], json!(["refs.data.x"]));
    assert_eq!(told["steps"][0]["message_id"], json!(step.message_id));
    assert_eq!(get(&courier, "/emulator/runs/none").await.0, 404);
}
