//! A run that is asked to stop while its buffer is full and clients wait for room.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use crate::client::{self, Client, track};
use crate::crashes::add_to_sink;
use crate::held_server::HeldServer;
use crate::process::{configure, files, run, write};
use crate::server::Server;

const DISK: &str = "buffer = { type = \"disk\", max_size = 16777216 }";
const WAITING: usize = 25;

/// An event that takes a sixteenth of the buffer.
fn large(id: usize) -> String {
    let filler = "x".repeat(900_000);
    format!(
        r#"{{"type":"track","event":"X","userId":"u{id}","messageId":"{id}","properties":{{"filler":"{filler}"}}}}"#
    )
}

/// A client whose request has begun to be read, and will wait.
fn waiting(source: &client::Source, id: usize) -> Client {
    let mut client = source.connect();
    let body = track("ann", &format!("waiting-{id}"));
    let length = body.len();
    let head = format!(
        "POST /v1/track HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    );
    client.0.write_all(head.as_bytes()).expect("it listens");
    let mut go_on = [0; 25];
    client.0.read_exact(&mut go_on).expect("it listens");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.0.write_all(body.as_bytes()).expect("it listens");
    client
}

#[test]
fn whoever_waits_for_room_when_it_stops_is_told_to_come_again_and_what_was_stored_is_delivered() {
    let held = HeldServer::start();
    let folder = client::folder(&held.url(), "");
    add_to_sink(folder.path(), DISK);
    let path = folder.path().join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("shutdown_timeout_secs = 60", "shutdown_timeout_secs = 0.2");
    std::fs::write(&path, text).unwrap();
    let source = client::Source::start(folder.path());
    for id in 0..16 {
        assert_eq!(source.batch(&[&large(id)]).0, 200);
    }
    let clients: Vec<_> = (0..WAITING).map(|id| waiting(&source, id)).collect();
    source.running.terminate();
    for mut client in clients {
        let answer = client.answer();
        assert_eq!((answer.status, answer.body.as_str()), (503, "service unavailable\n"));
    }
    let ended = source.running.end().expect(75);
    assert_eq!(ended.count("in the buffer"), 16, "{}", ended.stdout);
    let server = Server::start();
    write(folder.path(), "none.ndjson", "");
    configure(folder.path(), &server.url, &files("none.ndjson"), DISK);
    run(folder.path(), &["run", "config.toml"]).expect(0);
    let delivered: BTreeSet<_> = server.keys().into_iter().collect();
    assert_eq!((server.courier.requests().len(), delivered.len()), (16, 16));
}
