//! The admin endpoint of a running process, against a server that answers when it is told to.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test's set-up is a failed test"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;

use crate::held_server::HeldServer;
use crate::process::{Running, run, write};

const KEY: &str = "pk_secret_0123456789";

/// A sink that reads standard input and has an admin endpoint on a free port.
fn config(folder: &Path, endpoint: &str, more: &str) -> String {
    let text = format!(
        "data_dir = \"data\"\n[api]\naddress = \"127.0.0.1:0\"\n[sources.in]\ntype = \"stdin\"\n\
         [sinks.courier]\ntype = \"courier\"\ninputs = [\"in\"]\nendpoint = \"{endpoint}\"\napi_key = \"{KEY}\"\n\
         healthcheck = false\nbatch.timeout_secs = 0.05\n{more}\n"
    );
    write(folder, "config.toml", text).to_str().unwrap().to_owned()
}

/// Starts it, and waits for its address.
pub(crate) fn start(folder: &Path, config: &str) -> (Running, String) {
    let running = Running::start(folder, &["run", config]);
    let line = running.wait_for("the admin endpoint listens");
    let address = line.split("127.0.0.1:").nth(1).unwrap();
    let port: String = address.chars().take_while(char::is_ascii_digit).collect();
    (running, format!("127.0.0.1:{port}"))
}

pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    get_as(address, address, path)
}

fn get_as(host: &str, address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    // HTTP/1.0, so that the answer is not cut into chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

pub(crate) fn status(address: &str) -> Value {
    let (code, body) = get(address, "/status");
    assert_eq!(code, 200, "{body}");
    serde_json::from_str::<Value>(&body).unwrap()["sinks"]["courier"].clone()
}

fn identify(user: &str, id: u32) -> String {
    format!(
        "{{\"type\":\"identify\",\"userId\":\"{user}\",\"messageId\":\"{id}\",\"traits\":{{\"plan\":\"p{id}\"}}}}\n"
    )
}

#[test]
fn the_endpoint_tells_how_a_run_stands_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let server = HeldServer::start();
    let path = config(folder.path(), &server.url(), "request.concurrency = 1");
    let (mut running, address) = start(folder.path(), &path);
    assert_eq!(get(&address, "/live"), (200, "live\n".to_owned()));
    for path in ["/live", "/status", "/metrics"] {
        let (code, body) = get_as("rebound.example", &address, path);
        assert_eq!(
            code, 421,
            "a site that gives its own name to this address reads nothing: {body}"
        );
    }
    assert_eq!(get(&address, "/ready"), (200, "ready\n".to_owned()));
    assert_eq!(status(&address)["constraint"], "source");
    let mut stdin = running.stdin.take().unwrap();
    for user in ["ann", "bob", "cem"] {
        stdin.write_all(identify(user, 1).as_bytes()).unwrap();
    }
    stdin.flush().unwrap();
    let first = server.next();
    let busy = loop {
        // Events come in over a pipe: all three, in the end.
        let status = status(&address);
        if status["backlog"]["inside"] == 3 && status["classes"]["profiles"].is_string() {
            break status;
        }
    };
    assert_eq!((&busy["constraint"], &busy["in_flight"]), (&"concurrency".into(), &1.into()));
    let shown = run(folder.path(), &["status", "--address", &address]).expect(0).stdout;
    assert!(shown.contains("concurrency (as many requests"), "{shown}");

    first.answer(401);
    let (code, reason) = loop {
        let ready = get(&address, "/ready");
        if ready.0 != 200 {
            break ready;
        }
    };
    assert_eq!(code, 503);
    assert!(reason.starts_with("courier: held: Courier answers 401"), "{reason}");
    assert_eq!(get(&address, "/live").0, 200, "the process is well");
    assert_eq!(status(&address)["constraint"], "hold");
    let (_, page) = get(&address, "/metrics");
    for line in [
        "component_received_events_total{component_id=\"courier\",component_kind=\"sink\",component_type=\"courier\"} 3",
        "http_client_responses_total{component_id=\"courier\",component_kind=\"sink\",component_type=\"courier\",\
         status=\"401\"} 1",
        "# TYPE courier_sink_event_delivery_seconds histogram",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    for text in [&page, &reason, &busy.to_string(), &shown] {
        assert!(!text.contains(KEY) && !text.contains("ann"), "{text}");
    }
}

#[test]
fn what_fails_at_a_source_is_counted_for_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let server = HeldServer::start();
    let more = "[sources.files]\ntype = \"file\"\ninclude = [\"absent\"]\n\
                [sources.web]\ntype = \"http_server\"\naddress = \"127.0.0.1:0\"";
    let path = config(folder.path(), &server.url(), more);
    let text = std::fs::read_to_string(&path).unwrap().replace("[\"in\"]", "[\"*\"]");
    std::fs::write(&path, text).unwrap();
    let (running, address) = start(folder.path(), &path);
    let line = running.wait_for("listens for HTTP");
    let (_, port) = line.split_once("127.0.0.1:").unwrap();
    let mut web = TcpStream::connect(format!("127.0.0.1:{}", port.trim())).unwrap();
    write!(web, "POST /v1/batch HTTP/1.0\r\ncontent-length: 4\r\n\r\nnone").unwrap();
    web.read_to_string(&mut String::new()).unwrap();
    for (id, kind, error) in
        [("files", "file", "reader_failed"), ("web", "http_server", "request_failed")]
    {
        let line = format!(
            "component_errors_total{{component_id=\"{id}\",component_kind=\"source\",component_type=\"{kind}\",\
             error_type=\"{error}\",stage=\"receiving\"}} 1\n"
        );
        while !get(&address, "/metrics").1.contains(&line) {}
    }
}

#[test]
fn an_address_that_is_taken_or_silent_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = HeldServer::start();
    let taken = server.address.to_string();
    let path = config(folder.path(), &server.url(), "");
    let text = std::fs::read_to_string(&path).unwrap().replace("127.0.0.1:0", &taken);
    let path = write(folder.path(), "taken.toml", text);
    let ended = run(folder.path(), &["run", path.to_str().unwrap()]);
    assert!(ended.stderr.contains(&format!("the admin endpoint cannot listen on {taken}")));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = run(folder.path(), &["status", "--address", &free.to_string()]);
    assert!(ended.code != 0 && ended.stderr.contains("cannot connect"), "{}", ended.stderr);
}
