//! Signals: what is under way may finish, and a second signal does not wait.

use std::io::Write;
use std::path::Path;
use std::process::ChildStdin;

use crate::held_server::HeldServer;
use crate::process::{Running, folder};

/// A run that was given one event and waits for its answer: so long that only the answer, or a second signal, ends it.
fn patient(folder: &Path) -> (Running, ChildStdin) {
    let path = folder.join("config.toml");
    let config = std::fs::read_to_string(&path).expect("the folder has a configuration");
    let config = config.replace("shutdown_timeout_secs = 0.2", "shutdown_timeout_secs = 600");
    std::fs::write(path, config).expect("it can be written");
    let mut running = Running::start(folder, &["run", "config.toml"]);
    let mut stdin = running.stdin.take().expect("standard input is piped");
    stdin
        .write_all(b"{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}\n")
        .expect("the run reads it");
    (running, stdin)
}

#[test]
fn sigterm_stops_reading_and_lets_what_is_under_way_finish() {
    let server = HeldServer::start();
    let folder = folder(&server.url(), "type = \"stdin\"", "");
    let (running, stdin) = patient(folder.path());
    let arrived = server.next();
    assert!(arrived.line.starts_with("POST /inbound/rudderstack "), "{}", arrived.line);
    running.terminate();
    running.wait_for("asked to stop");
    arrived.answer(202);
    // Nothing is owed, but input was left unread.
    let ended = running.end().expect(75);
    assert_eq!((ended.count("delivered"), ended.count("still owed")), (1, 0));
    assert!(ended.stderr.contains("cannot be read again"), "{}", ended.stderr);
    assert!(ended.stdout.contains("stopped before its end"), "{}", ended.stdout);
    drop(stdin);
}

#[test]
fn a_second_signal_ends_at_once_with_the_rest_owed() {
    let server = HeldServer::start();
    let folder = folder(&server.url(), "type = \"stdin\"", "");
    let (running, stdin) = patient(folder.path());
    let arrived = server.next();
    running.terminate();
    running.wait_for("asked to stop");
    running.terminate();
    let ended = running.end().expect(75);
    assert_eq!(ended.count("still owed"), 1);
    arrived.answer(202);
    drop(stdin);
}

#[test]
fn the_drain_is_bounded() {
    let server = HeldServer::start();
    let folder = folder(&server.url(), "type = \"stdin\"", "");
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(b"{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}\n").unwrap();
    let arrived = server.next();
    running.terminate();
    let ended = running.end().expect(75);
    assert_eq!(ended.count("still owed"), 1);
    arrived.answer(202);
    drop(stdin);
}
