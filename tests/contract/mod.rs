//! Courier's OpenAPI as a contract: every exchange that a test has with the emulator is held to it.
//!
//! A request that was taken, or would have been on a better day, must be what its operation takes; one that was turned
//! away as malformed may be anything. Every answer must be one that its operation gives, with a body of that shape.
//! `courier-openapi.yml` is Courier's published OpenAPI, reduced to the operations a sink needs.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "each test target uses a part of it, and has lints of its own"
)]

mod document;
mod exceptions;
pub(crate) mod replay;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::emulator::{Courier, Exchange, LoggedRequest, Settings};
use http::Method;
use http::header::CONTENT_TYPE;
use jsonschema::Validator;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use document::{Document, Operation};

static CONTRACT: LazyLock<Document> = LazyLock::new(Document::read);

/// A Courier whose exchanges must keep to the contract: the task that serves one that does not panics.
pub(crate) fn courier(settings: Settings) -> Courier {
    let courier = Courier::new(settings);
    courier.observe(|exchange| {
        if let Err(violation) = check(exchange) {
            panic!("{violation}");
        }
    });
    courier
}

/// The same of a Courier on a socket, where a task's panic is not the test's: what was wrong is told when this is dropped.
pub(crate) fn watch(courier: &Courier) -> Watched {
    let watched = Watched::default();
    let violations = Arc::clone(&watched.violations);
    courier.observe(move |exchange| {
        if let Err(violation) = check(exchange) {
            violations.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
        }
    });
    watched
}

/// Fails the test that drops it if an exchange broke the contract.
#[derive(Default)]
#[must_use]
pub(crate) struct Watched {
    violations: Arc<Mutex<Vec<String>>>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "{}", violations.join("\n"));
        }
    }
}

/// Asserts that a request is one that its operation takes.
pub(crate) fn assert_takes(method: &Method, path: &str, content_type: Option<&str>, body: &Bytes) {
    let request = LoggedRequest {
        sequence: 0,
        at: Duration::ZERO,
        method: method.clone(),
        path: path.to_owned().into(),
        route: None,
        idempotency_key: None,
        content_type: content_type.map(|given| given.to_owned().into()),
        body: body.clone(),
        status: None,
        replayed: false,
        fault: None,
    };
    let operation = CONTRACT.operation(method.as_str(), path.split('?').next().unwrap_or_default());
    let operation = operation.unwrap_or_else(|| panic!("the contract has no {method} {path}"));
    let is_open = |place: &str, value: &Value| {
        exceptions::is_open(&operation.name, place, value) || exceptions::is_passed_on(place)
    };
    if let Err(what) = check_request(operation, &request, &is_open) {
        panic!("{} ({method} {path}): {what}", operation.name);
    }
}

/// What is wrong with an exchange: the operation, the place, and what is expected there.
pub(crate) fn check(exchange: &Exchange) -> Result<(), String> {
    let Exchange { request, status, headers, body } = exchange;
    let status = status.as_u16();
    let path = request.path.split('?').next().unwrap_or_default();
    let Some(operation) = CONTRACT.operation(request.method.as_str(), path) else {
        return exceptions::without_operation(request, status);
    };
    let told = |place: &str, what: String| {
        format!("{} ({} {}), {place}: {what}", operation.name, request.method, request.path)
    };
    // A replay's request was not looked at.
    if !exceptions::is_turned_away(status) && !request.replayed {
        let is_open =
            |place: &str, value: &Value| exceptions::is_open(&operation.name, place, value);
        check_request(operation, request, &is_open).map_err(|what| told("the request", what))?;
    }
    let place = format!("the answer {status}");
    let shape = match operation.answers.get(&status) {
        Some(shape) => shape.as_ref(),
        None if exceptions::is_common(status) => Some(&CONTRACT.error),
        None => return Err(told(&place, "no such status is documented".to_owned())),
    };
    let Some(shape) = shape else {
        let full = || told(&place, "its body must be empty".to_owned());
        return body.is_empty().then_some(()).ok_or_else(full);
    };
    if headers.get(CONTENT_TYPE).is_none_or(|it| it != "application/json") {
        return Err(told(&place, "its content type must be application/json".to_owned()));
    }
    let body = serde_json::from_slice(body).map_err(|error| told(&place, error.to_string()))?;
    matches(shape, &body, &|_, _| false).map_err(|what| told(&place, what))
}

/// Whether Courier takes more at a place, with that value, than the contract says.
type IsOpen<'a> = &'a dyn Fn(&str, &Value) -> bool;

fn check_request(
    operation: &Operation,
    request: &LoggedRequest,
    is_open: IsOpen<'_>,
) -> Result<(), String> {
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    for member in query.split('&').filter(|member| !member.is_empty()) {
        let (name, value) = member.split_once('=').unwrap_or((member, ""));
        let name = percent_decode_str(name).decode_utf8_lossy();
        let known = operation.query.iter().find(|(known, _)| *known == name);
        let (_, shape) = known.ok_or_else(|| format!("there is no query `{name}`"))?;
        // A query is text; the contract says of some that it is a number.
        let number = value.parse::<i64>().ok().map(Value::from);
        let fits = [number, Some(Value::from(value))].into_iter().flatten();
        if !fits.into_iter().any(|value| shape.is_valid(&value)) {
            return Err(format!("the query `{name}` is `{value}`"));
        }
    }
    let Some(shape) = &operation.request else {
        return Ok(());
    };
    let content_type = request.content_type.as_deref();
    if let Some(other) = content_type.filter(|it| !it.starts_with("application/json")) {
        return Err(format!("its content type is {other}"));
    }
    let body = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(_) if exceptions::has_large_numbers(&request.body) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    matches(shape, &body, is_open)
}

fn matches(shape: &Validator, value: &Value, is_open: IsOpen<'_>) -> Result<(), String> {
    let wrong = shape.iter_errors(value);
    let wrong = wrong.filter(|it| !is_open(it.instance_path().as_str(), it.instance()));
    let wrong: Vec<_> =
        wrong.map(|error| format!("at `{}`: {error}", error.instance_path())).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// The operations that some request of these took with success.
pub(crate) fn succeeded(requests: &[LoggedRequest]) -> BTreeSet<&'static str> {
    let success = |it: &&LoggedRequest| it.status.is_some_and(|status| status.is_success());
    let operation = |it: &LoggedRequest| {
        let path = it.path.split('?').next().unwrap_or_default();
        CONTRACT.operation(it.method.as_str(), path).map(|it| it.name.as_str())
    };
    requests.iter().filter(success).filter_map(operation).collect()
}

/// All operations there are.
pub(crate) fn operations() -> BTreeSet<&'static str> {
    CONTRACT.operations.iter().map(|it| it.name.as_str()).collect()
}
