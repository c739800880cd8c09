//! Signals: what is under way may finish, and a second signal does not wait.

use std::io::Write;

use crate::held_server::HeldServer;
use crate::process::{Running, folder};

#[test]
fn sigterm_stops_reading_and_lets_what_is_under_way_finish() {
    let server = HeldServer::start();
    let folder = folder(&server.url(), "type = \"stdin\"", "");
    // Long enough that only the answer can end the run.
    let config = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    let config = config.replace("shutdown_timeout_secs = 0.2", "shutdown_timeout_secs = 600");
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(b"{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}\n").unwrap();
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
    let config = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    let config = config.replace("shutdown_timeout_secs = 0.2", "shutdown_timeout_secs = 600");
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(b"{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}\n").unwrap();
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
