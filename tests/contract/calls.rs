//! Each operation of the contract, called once with success.

use axum::body::Body;
use axum::extract::Request;
use courier_sink::emulator::{Courier, Settings};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::contract;

async fn call(courier: &Courier, line: &str, body: Value) {
    let (method, path) = line.split_once(' ').expect("a line is a method and a path");
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).header("authorization", "Bearer key");
    let request = request.header("content-type", "application/json").body(body);
    let request = request.expect("the test writes valid requests");
    let Ok(answer) = courier.router().oneshot(request).await;
    assert!(answer.status().is_success(), "{line}: {}", answer.status());
}

/// Everything a RudderStack destination may ask of Courier, in an order in which all of it succeeds.
fn calls() -> Vec<(&'static str, Value)> {
    let none = Value::Null;
    let event = |kind: &str, id: &str| {
        json!({"type": kind, "messageId": id, "userId": "ann", "groupId": "acme", "event": "Ordered",
            "properties": {"total": 1}, "traits": {"plan": "free"}})
    };
    let step = json!({"action": "send", "template": "hello", "recipient": "ann", "data": null});
    let preferences = json!({"notifications": {"n": {"status": "OPTED_IN"}}});
    let subscriber = json!({"recipients": [{"recipientId": "ann", "preferences": preferences}]});
    let tenant = json!({"name": "Acme", "parent_tenant_id": null, "properties": {"plan": "pro"},
        "default_preferences": {"items": [{"id": "t", "status": "OPTED_IN"}]}});
    vec![
        ("POST /profiles/ann", json!({"profile": {"email": "a@example.com"}})),
        ("PUT /profiles/ann", json!({"profile": {"email": "a@example.com"}})),
        ("PATCH /profiles/ann", json!({"patch": [{"op": "add", "path": "/a", "value": "b"}]})),
        ("GET /profiles/ann", none.clone()),
        ("PUT /lists/news", json!({"name": "News"})),
        ("POST /profiles/ann/lists", json!({"lists": [{"listId": "news"}]})),
        ("GET /profiles/ann/lists", none.clone()),
        ("DELETE /profiles/ann/lists", none.clone()),
        ("POST /lists/news/subscriptions", subscriber.clone()),
        ("PUT /lists/news/subscriptions", subscriber),
        ("PUT /lists/news/subscriptions/bob", json!({"preferences": preferences})),
        ("DELETE /lists/news/subscriptions/bob", none.clone()),
        ("POST /automations/invoke", json!({"automation": {"steps": [step]}, "recipient": "ann"})),
        ("POST /automations/greet/invoke", json!({"recipient": "ann", "data": {"a": 1}})),
        ("POST /journeys/greet/invoke", json!({"user_id": "ann", "data": {"a": 1}})),
        ("POST /inbound/courier", event("track", "1")),
        ("POST /inbound/rudderstack", event("identify", "2")),
        ("POST /inbound/segment", event("group", "3")),
        ("PUT /tenants/acme", tenant.clone()),
        ("PUT /tenants/zenith", tenant),
        ("GET /tenants/acme", none.clone()),
        ("GET /tenants?limit=1", none.clone()),
        ("PUT /users/ann/tenants/acme", json!({"profile": {"role": "admin"}})),
        ("PUT /users/ann/tenants", json!({"tenants": [{"tenant_id": "acme", "profile": null}]})),
        ("GET /users/ann/tenants?limit=1", none.clone()),
        ("GET /tenants/acme/users", none.clone()),
        ("DELETE /users/ann/tenants/acme", none.clone()),
        ("DELETE /users/ann/tenants", none.clone()),
        ("DELETE /tenants/acme", none.clone()),
        ("DELETE /profiles/ann", none),
    ]
}

#[tokio::test]
async fn every_operation_of_the_contract_is_called_with_success() {
    let courier = contract::courier(Settings::default());
    courier.put_automation("greet", json!({"steps": []})).expect("there may be none");
    for (line, body) in calls() {
        call(&courier, line, body).await;
    }
    assert_eq!(contract::succeeded(&courier.requests()), contract::operations());
}
