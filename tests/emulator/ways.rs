//! However a request comes, it is answered alike: asked of the router, as embedders do, over HTTP/1.1 and over HTTP/2.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use courier_sink::emulator::{Clock, Emulator, Settings};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::support::NOW_SECS;
use crate::contract;

const LINES: [(&str, &str); 22] = [
    ("GET /tenants", ""),
    ("PUT /tenants/t", r#"{"name": "T"}"#),
    ("GET /tenants/t", ""),
    ("POST /profiles/u%2F1", r#"{"profile": {"a": 1}}"#),
    ("GET /profiles/u%2F1", ""),
    ("DELETE /profiles/u%2F1", ""),
    ("PUT /users/u/tenants/t", "{}"),
    ("POST /inbound/rudderstack", r#"{"type": "track", "event": "e", "messageId": "m"}"#),
    ("POST /inbound/rudderstack", r#"{"type": "track", "event": "e", "messageId": "m"}"#),
    ("POST /inbound/rudderstack", "no"),
    ("GET /inbound/rudderstack", ""),
    ("OPTIONS /tenants", ""),
    ("POST /tenants", ""),
    ("GET /tenants/", ""),
    ("GET //tenants", ""),
    ("GET /nothing", ""),
    ("HEAD /nothing", ""),
    ("GET /", ""),
    ("GET /emulator/summary", ""),
    ("HEAD /emulator/summary", ""),
    ("DELETE /emulator/limits", ""),
    ("GET /emulator/nothing", ""),
];

/// What there is to see of an answer.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: String,
}

/// A request, with the address it is for where `host` is one.
fn request(line: &str, host: Option<&str>, body: &'static str) -> Request<Body> {
    let (method, path) = line.split_once(' ').expect("a line is a method and a path");
    let authority = host.map(|host| format!("http://{host}")).unwrap_or_default();
    let request = Request::builder().method(method).uri(format!("{authority}{path}"));
    let request = request.header("host", "localhost").header("authorization", "Bearer k");
    request.body(Body::from(body)).expect("it is valid")
}

/// Looks at an answer, and checks what it says of its length.
async fn seen<B: HttpBody<Error: std::fmt::Debug>>(line: &str, answer: Response<B>) -> Seen {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.expect("it is whole").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("it is text");
    let mut headers = head.headers;
    headers.remove(DATE);
    let length = headers.remove(CONTENT_LENGTH);
    let length = length.map(|length| length.to_str().expect("it is a number").to_owned());
    if line.starts_with("HEAD") {
        assert!(body.is_empty() && length.is_some_and(|length| length != "0"), "{line}");
    } else if head.status != 204 {
        assert_eq!(length, Some(body.len().to_string()), "{line}");
    }
    Seen { status: head.status.as_u16(), headers, body }
}

fn settings() -> Settings {
    let clock = Clock::from_fn(|| Duration::from_secs(NOW_SECS));
    Settings { clock, ..Settings::default() }
}

/// An emulator that serves until it is dropped, and a connection to it.
async fn served() -> (TokioIo<TcpStream>, tokio::task::JoinSet<()>) {
    let emulator = Emulator::bind(settings()).await.expect("loopback has a free port");
    let (address, courier) = (emulator.local_addr(), emulator.courier());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let _watched = contract::watch(&courier);
        emulator.serve(std::future::pending()).await.expect("it serves");
    });
    let stream = TcpStream::connect(address).await.expect("the emulator listens");
    (TokioIo::new(stream), tasks)
}

#[tokio::test]
async fn each_way_leads_to_the_same_answer() {
    let courier = contract::courier(settings());
    let ((first, _one), (second, _two)) = (served().await, served().await);
    let (mut http1, connection) = http1::handshake(first).await.expect("it speaks HTTP/1.1");
    tokio::spawn(connection);
    let (mut http2, connection) =
        http2::handshake(TokioExecutor::new(), second).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    let mut statuses = Vec::new();
    for (line, body) in LINES {
        let Ok(answer) = courier.router().oneshot(request(line, None, body)).await;
        let routed = seen(line, answer).await;
        http1.ready().await.expect("the connection is kept");
        let answer = http1.send_request(request(line, None, body)).await.expect("it answers");
        assert_eq!(seen(line, answer).await, routed, "{line}");
        let answer = http2.send_request(request(line, Some("localhost"), body)).await;
        assert_eq!(seen(line, answer.expect("it answers")).await, routed, "{line}");
        statuses.push(routed.status);
    }
    let expected = [
        200, 200, 200, 200, 200, 204, 204, 202, 409, 400, 404, 404, 404, 404, 404, 404, 404, 303,
        200, 200, 204, 404,
    ];
    assert_eq!(statuses, expected);
}
