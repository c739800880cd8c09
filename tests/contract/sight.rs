//! What the contract must see: exchanges with one thing wrong, told with the operation and the place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::emulator::{Exchange, LoggedRequest};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::contract;

fn exchange(method: Method, path: &str, sent: &'static str, status: u16) -> Exchange {
    let request = LoggedRequest {
        sequence: 0,
        at: Duration::ZERO,
        method,
        path: path.to_owned().into(),
        route: None,
        idempotency_key: None,
        content_type: Some("application/json".into()),
        body: Bytes::from_static(sent.as_bytes()),
        status: None,
        replayed: false,
        fault: None,
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let status = StatusCode::from_u16(status).expect("tests know statuses");
    Exchange { request, status, headers, body: Bytes::from_static(br#"{"status":"SUCCESS"}"#) }
}

fn profile(sent: &'static str) -> Exchange {
    exchange(Method::POST, "/profiles/ann", sent, 200)
}

fn wrong(exchange: &Exchange) -> String {
    contract::check(exchange).expect_err("something is wrong with it")
}

#[test]
fn what_is_right_passes() {
    assert_eq!(contract::check(&profile(r#"{"profile":{"a":null}}"#)), Ok(()));
}

#[test]
fn a_request_that_was_taken_must_be_one_that_its_operation_takes() {
    let told = wrong(&profile(r#"{"profile":[]}"#));
    assert!(told.starts_with("profiles_create (POST /profiles/ann), the request: at `/profile`"));
    assert!(wrong(&profile("{}")).contains("\"profile\" is a required property"));
    assert!(wrong(&profile("not json")).contains("the request"));
    let page = exchange(Method::GET, "/tenants?limit=101", "", 200);
    assert!(wrong(&page).contains("the query `limit` is `101`"));
}

#[test]
fn a_request_that_was_turned_away_may_be_anything_but_is_told_so_in_the_right_shape() {
    let refused = exchange(Method::POST, "/profiles/ann", "not json", 400);
    let told = wrong(&refused);
    assert!(told.contains("the answer 400") && told.contains("\"message\" is a required property"));
    let body = Bytes::from_static(br#"{"type":"invalid_request_error","message":"no"}"#);
    assert_eq!(contract::check(&Exchange { body: body.clone(), ..refused }), Ok(()));
    let late = exchange(Method::POST, "/profiles/ann", "not json", 429);
    assert!(wrong(&Exchange { body, ..late }).contains("the request"));
}

#[test]
fn an_answer_must_be_one_that_its_operation_gives() {
    let good = profile(r#"{"profile":{}}"#);
    let other = Exchange { status: StatusCode::ACCEPTED, ..good.clone() };
    assert!(wrong(&other).contains("the answer 202: no such status is documented"));
    let other = Exchange { body: Bytes::from_static(br#"{"status":"OK"}"#), ..good.clone() };
    assert!(wrong(&other).contains("the answer 200: at `/status`"));
    let other = Exchange { headers: HeaderMap::new(), ..good };
    assert!(wrong(&other).contains("content type"));
    let full = exchange(Method::DELETE, "/profiles/ann", "", 204);
    assert!(wrong(&full).contains("its body must be empty"));
}

#[test]
fn steps_are_held_to_the_contract_unless_they_are_of_another_action_or_refer_to_what_is_not_known()
{
    let told = |step: &str| {
        let sent = Box::leak(format!(r#"{{"automation":{{"steps":[{step}]}}}}"#).into_boxed_str());
        let body = Bytes::from_static(br#"{"runId":"1"}"#);
        let sent = exchange(Method::POST, "/automations/invoke", sent, 200);
        contract::check(&Exchange { body, ..sent })
    };
    for wrong in [
        r#"{"action":"send","template":5}"#,
        r#"{"action":"cancel"}"#,
        r#"{"action":"update-profile","profile":{},"merge":"bogus"}"#,
        r#"{"action":"fetch-data","webhook":{"url":"u","method":"FROB"}}"#,
        r#"{"template":"t"}"#,
    ] {
        let told = told(wrong).expect_err("it is no step");
        assert!(told.contains("at `/automation/steps/0`"), "{wrong}: {told}");
    }
    for right in [
        r#"{"action":"send","template":"t"}"#,
        r#"{"action":"add-to-batch"}"#,
        r#"{"action":"update-profile","profile":{"$ref":"data.p"}}"#,
        r#"{"action":"fetch-data","webhook":{"url":"u","method":"GET","body":{}}}"#,
    ] {
        assert_eq!(told(right), Ok(()), "{right}");
    }
}

#[test]
fn success_of_what_the_contract_does_not_have_is_seen() {
    let unknown = exchange(Method::POST, "/profiles/ann/friends", "{}", 200);
    assert!(wrong(&unknown).contains("the contract has no such operation"));
}

/// Below `folder`, the Rust files.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("it is a folder") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_test_has_an_emulator_that_the_contract_does_not_watch() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut found = Vec::new();
    sources(&tests, &mut found);
    let emulated = found.iter().filter(|path| !path.starts_with(tests.join("contract")));
    for path in emulated {
        let text = std::fs::read_to_string(path).expect("it can be read");
        if !text.contains("courier_sink::emulator::") {
            continue;
        }
        let bound = text.matches("Emulator::bind(").count();
        assert_eq!(text.matches("contract::watch(").count(), bound, "{}", path.display());
        let is_own = text.lines().any(|line| line.contains(" Courier::new("));
        assert!(!is_own, "{} makes a Courier without `contract::courier`", path.display());
    }
}
