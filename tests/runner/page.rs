//! The page of events that a run serves where it is asked for: what came, what it became, how it ended; never a key.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test's set-up is a failed test"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::held_server::HeldServer;
use crate::process::{Running, write};

const KEY: &str = "pk_secret_0123456789";

fn start(folder: &Path, endpoint: &str, api: &str, more: &str) -> (Running, String) {
    let text = format!(
        "data_dir = \"data\"\nshutdown_timeout_secs = 0.2\n[api]\naddress = \"127.0.0.1:0\"\n{api}\n\
         [sources.in]\ntype = \"stdin\"\n[sinks.courier]\ntype = \"courier\"\ninputs = [\"in\"]\n\
         endpoint = \"{endpoint}\"\napi_key = \"{KEY}\"\nhealthcheck = false\nbatch.timeout_secs = 0.05\n\
         request.retry_attempts = 0\n{more}\n"
    );
    write(folder, "config.toml", text);
    let running = Running::start(folder, &["run", "config.toml"]);
    let line = running.wait_for("the admin endpoint listens");
    let address = line.split("127.0.0.1:").nth(1).unwrap();
    let port: String = address.chars().take_while(char::is_ascii_digit).collect();
    (running, format!("127.0.0.1:{port}"))
}

fn get_as(host: &str, address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

fn get(address: &str, path: &str) -> (u16, String) {
    get_as(address, address, path)
}

/// The page once it says all of `texts`: what is seen is taken a moment later.
fn until(address: &str, path: &str, texts: &[&str]) -> String {
    loop {
        let (code, page) = get(address, path);
        assert_eq!(code, 200, "{page}");
        if texts.iter().all(|text| page.contains(text)) {
            return page;
        }
    }
}

fn track(user: &str, more: &str) -> String {
    format!(
        "{{\"type\":\"track\",\"event\":\"Order <b>Completed\",\"userId\":\"{user}\",\"messageId\":\"id-{user}\",\
         \"properties\":{{\"more\":\"{more}\"}}}}\n"
    )
}

#[test]
fn without_being_asked_for_there_is_no_page() {
    let (folder, server) = (tempfile::tempdir().unwrap(), HeldServer::start());
    for api in ["", "page = false"] {
        let (mut running, address) = start(folder.path(), &server.url(), api, "");
        for path in ["/page", "/page/news", "/page/automations", "/page/script.js"] {
            assert_eq!(get(&address, path).0, 404, "{path}");
        }
        assert_eq!(get(&address, "/live").0, 200);
        drop(running.stdin.take());
        running.end().expect(0);
    }
}

#[test]
fn each_event_is_on_the_page_with_its_end_and_no_key_is() {
    let (folder, server) = (tempfile::tempdir().unwrap(), HeldServer::start());
    let mapping = "[[sinks.courier.automations]]\non = \"track/Order <b>Completed\"\ntemplate = \"thanks\"\n\
                   [[sinks.courier.automations]]\non = \"group\"\n\
                   steps = [{ action = \"send\", template = \"hidden-step\" }]";
    let (mut running, address) = start(folder.path(), &server.url(), "page = true", mapping);
    let (code, page) = get(&address, "/page");
    assert!(code == 200 && page.contains("Waiting for the first event"), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'"), "{page}");

    let mut stdin = running.stdin.take().unwrap();
    for (user, status) in [("ann", 200), ("bob", 400), ("cem", 500)] {
        stdin.write_all(track(user, &format!("{KEY}-{user}")).as_bytes()).unwrap();
        stdin.flush().unwrap();
        let arrived = server.next();
        assert!(arrived.line.starts_with("POST /automations/thanks/invoke"), "{}", arrived.line);
        until(&address, "/page", &[user, "waiting"]);
        arrived.answer(status);
    }
    stdin.write_all(b"no event\n").unwrap();
    let ends = ["delivered", "rejected", "errored", "not an event", "/automations/thanks/invoke"];
    let list = until(&address, "/page", &ends);
    assert!(list.contains("Order &lt;b&gt;Completed") && !list.contains("<b>Completed"), "{list}");

    let (_, found) = get(&address, "/page?outcome=refused&q=bob&open=2");
    for text in ["<dt>Why</dt>", "status 400", "id-bob", "********************-bob", "thanks"] {
        assert!(found.contains(text), "{text}\n{found}");
    }
    let on = "on=track%2FOrder%20%3Cb%3ECompleted&sink=courier&new=other";
    let (_, tried) = get(&address, &format!("/page/automations?{on}"));
    assert!(
        tried.contains("[[sinks.courier.automations]]")
            && tried.contains("template = &quot;other&quot;")
    );
    assert!(tried.contains("1 step of its own") && !tried.contains("hidden-step"), "{tried}");

    for host in ["evil.example", "127.0.0.1.evil.example"] {
        for path in ["/page", "/page/automations", "/page/news", "/live"] {
            assert_eq!(get_as(host, &address, path).0, 421, "{host} {path}");
        }
    }
    for path in ["/page?open=1", "/page?open=3", "/page?q=pk_secret", "/status", "/metrics"] {
        let (_, shown) = get(&address, path);
        assert!(!shown.contains(KEY), "{path}\n{shown}");
    }
    assert!(!list.contains(KEY) && !found.contains(KEY) && !tried.contains(KEY));
    drop(stdin);
    running.end().expect(76);
}

#[test]
fn a_mapping_that_was_loaded_again_is_what_is_shown() {
    let (folder, server) = (tempfile::tempdir().unwrap(), HeldServer::start());
    let block = |template: &str| {
        format!("[[sinks.courier.automations]]\non = \"track\"\ntemplate = \"{template}\"")
    };
    let (mut running, address) =
        start(folder.path(), &server.url(), "page = true", &block("before"));
    until(&address, "/page/automations", &["before"]);
    let path = folder.path().join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    write(folder.path(), "config.toml", text.replace("\"before\"", "\"after\""));
    running.hang_up();
    running.wait_for("loaded again");
    until(&address, "/page/automations", &["after"]);
    write(folder.path(), "config.toml", text.replace("page = true", "page = false"));
    running.hang_up();
    running.wait_for("api: cannot change while it runs");
    drop(running.stdin.take());
    running.end().expect(0);
}
