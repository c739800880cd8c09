//! The emulator on a real socket: it serves, and it ends.

use courier_sink::emulator::{Emulator, Settings};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::contract;

async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("the emulator listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer is text");
    answer
}

fn post(connection: &str, length: usize, body: &str) -> String {
    format!(
        "POST /profiles/u%2F1 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n\
         connection: {connection}\r\ncontent-length: {length}\r\n\r\n{body}",
    )
}

#[tokio::test]
async fn requests_over_a_socket_change_the_state_and_shutdown_ends_the_server() {
    let emulator = Emulator::bind(Settings::default()).await.expect("loopback has a free port");
    let (address, courier) = (emulator.local_addr(), emulator.courier());
    let _watched = contract::watch(&courier);
    let (stop, shutdown) = oneshot::channel::<()>();
    let server = tokio::spawn(emulator.serve(async { shutdown.await.unwrap_or_default() }));

    let body = r#"{"profile":{"a":1}}"#;
    let mut stream = TcpStream::connect(address).await.expect("the emulator listens");
    let answer = exchange(&mut stream, &post("close", body.len(), body)).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"status":"SUCCESS"}"#), "{answer}");
    assert_eq!(courier.profile("u/1"), Some(json!({"a": 1})));

    stop.send(()).expect("the server waits for it");
    server.await.expect("the server does not panic").expect("the server ends well");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutdown_ends_idle_connections_and_cuts_stuck_ones() {
    let emulator = Emulator::bind(Settings::default()).await.expect("loopback has a free port");
    let address = emulator.local_addr();
    let _watched = contract::watch(&emulator.courier());
    let (stop, shutdown) = oneshot::channel::<()>();
    let server = tokio::spawn(emulator.serve(async { shutdown.await.unwrap_or_default() }));

    let mut silent = TcpStream::connect(address).await.expect("the emulator listens");
    let mut half_head = TcpStream::connect(address).await.expect("the emulator listens");
    half_head.write_all(b"POST /prof").await.expect("the emulator listens");
    let mut half_body = TcpStream::connect(address).await.expect("the emulator listens");
    let request = post("keep-alive", 100, "{");
    half_body.write_all(request.as_bytes()).await.expect("the emulator listens");
    let mut idle = TcpStream::connect(address).await.expect("the emulator listens");
    idle.write_all(post("keep-alive", 2, "{}").as_bytes()).await.expect("the emulator listens");
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.expect("the emulator answers");
    assert_eq!(&first, b"HTTP/1.1 400");

    stop.send(()).expect("the server waits for it");
    server.await.expect("the server does not panic").expect("the server ends well");
    for stream in [&mut silent, &mut half_head, &mut half_body, &mut idle] {
        let mut rest = Vec::new();
        // An end or a reset: either way the peer is let go.
        let _ = stream.read_to_end(&mut rest).await;
    }
    let handle = tokio::runtime::Handle::current();
    tokio::task::yield_now().await;
    assert_eq!(handle.metrics().num_alive_tasks(), 0);
}

#[tokio::test]
async fn dropping_the_server_ends_its_connections() {
    let emulator = Emulator::bind(Settings::default()).await.expect("loopback has a free port");
    let address = emulator.local_addr();
    let _watched = contract::watch(&emulator.courier());
    let mut stream = TcpStream::connect(address).await.expect("the emulator listens");
    {
        let server = emulator.serve(std::future::pending());
        let request = post("keep-alive", 2, "{}");
        stream.write_all(request.as_bytes()).await.expect("the emulator listens");
        let mut first = [0; 12];
        tokio::select! {
            result = server => panic!("nothing shut the server down: {result:?}"),
            read = stream.read_exact(&mut first) => {
                read.expect("the emulator answers");
            }
        }
    }
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
}

const LINES: [&str; 8] = [
    "GET /",
    "GET /nothing",
    "GET /tenants",
    "POST /profiles/u",
    "GET /emulator/page",
    "GET /emulator/summary",
    "GET /emulator/requests",
    "PUT /emulator/automations/a",
];

#[tokio::test]
async fn another_name_for_this_machine_neither_reads_nor_changes_anything() {
    let emulator = Emulator::bind(Settings::default()).await.expect("loopback has a free port");
    let (address, courier) = (emulator.local_addr(), emulator.courier());
    let _watched = contract::watch(&courier);
    let server = tokio::spawn(emulator.serve(std::future::pending()));
    let ask = async |line: &str, host: &str| {
        let mut stream = TcpStream::connect(address).await.expect("the emulator listens");
        let request = format!(
            "{line} HTTP/1.1\r\n{host}authorization: Bearer k\r\nconnection: close\r\n\
             content-length: 14\r\n\r\n{{\"profile\":{{}}}}"
        );
        exchange(&mut stream, &request).await
    };
    for name in
        ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", ""]
    {
        for line in LINES {
            let answer = ask(line, &format!("host: {name}\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 421 "), "{name}: {line}: {answer}");
            assert!(answer.contains("content-type: text/plain"), "{answer}");
            assert!(answer.ends_with(
                "\r\n\r\nnot a name of this emulator: ask by its address or by localhost\n"
            ));
        }
    }
    assert!(courier.requests().is_empty() && courier.profile("u").is_none());
    assert!(courier.automations().is_empty());
    for host in [
        format!("host: {address}\r\n"),
        format!("Host: localhost:{}\r\n", address.port()),
        "host: LOCALHOST\r\n".to_owned(),
        "host: [::1]:8787\r\n".to_owned(),
        "host: courier.localhost\r\n".to_owned(),
        // No browser.
        String::new(),
    ] {
        for (line, status) in
            [("GET /tenants", 200), ("GET /emulator/summary", 200), ("GET /", 303)]
        {
            let answer = ask(line, &host).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}{line}: {answer}");
        }
    }
    server.abort();
}

#[tokio::test]
async fn over_http2_the_name_counts_too() {
    let emulator = Emulator::bind(Settings::default()).await.expect("loopback has a free port");
    let address = emulator.local_addr();
    let _watched = contract::watch(&emulator.courier());
    let server = tokio::spawn(emulator.serve(std::future::pending()));
    let stream = TcpStream::connect(address).await.expect("the emulator listens");
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.expect("it speaks HTTP/2");
    let connection = tokio::spawn(connection);
    for (authority, status) in [("127.0.0.1:1", 200), ("localhost", 200), ("evil.example", 421)] {
        for path in ["/tenants", "/emulator/summary", "/emulator/page"] {
            let request = http::Request::get(format!("http://{authority}{path}"))
                .header("authorization", "Bearer k")
                .body(http_body_util::Empty::<bytes::Bytes>::new());
            let answer = sender.send_request(request.expect("it is valid")).await;
            let answer = answer.expect("the emulator answers");
            assert_eq!(answer.status().as_u16(), status, "{authority}{path}");
        }
    }
    connection.abort();
    server.abort();
}
