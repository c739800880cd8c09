//! Which idempotency keys a letter is sent with: a new one past a stored answer, the same after silence.

use serde_json::{Value, json};

use crate::process::{files, folder, run, write};
use crate::server::{LETTERS, Server, keep, kept, replay};

/// A run of one track event without a `messageId`, which is refused.
fn refused(server: &Server, sink: &str) -> tempfile::TempDir {
    let folder = folder(&server.url, &files("in"), sink);
    write(folder.path(), "in", r#"{"type":"track","userId":"u","event":"X"}"#);
    server.refuse(1, "/inbound", 400);
    run(folder.path(), &["run", "config.toml"]).expect(65);
    folder
}

#[test]
fn a_refused_letter_gets_a_new_key_each_time_and_the_event_keeps_its_id() {
    let server = Server::start();
    let folder = refused(&server, "");
    server.refuse(1, "/inbound", 400);
    run(folder.path(), &replay(LETTERS, &[])).expect(65);
    run(folder.path(), &replay(LETTERS, &[])).expect(0);
    let keys = server.keys();
    assert_eq!(keys.len(), 3);
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2], "{keys:?}");
    let id = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["messageId"].clone();
    let ids: Vec<_> = server.courier.requests().iter().map(|it| id(&it.body)).collect();
    assert!(ids[0].is_string() && ids.iter().all(|it| *it == ids[0]), "{ids:?}");
}

#[test]
fn a_letter_without_an_answer_keeps_its_key() {
    let server = Server::start();
    let folder = refused(&server, "");
    let mut letters = kept(folder.path(), LETTERS);
    letters[0].as_object_mut().unwrap().remove("status");
    keep(folder.path(), LETTERS, &letters);
    run(folder.path(), &replay(LETTERS, &[])).expect(0);
    let keys = server.keys();
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_letter_that_cannot_be_delivered_stays_and_goes_on_past_the_keys_that_were_used() {
    let server = Server::start();
    let folder =
        refused(&server, "request.retry_attempts = 1\nrequest.retry_initial_backoff_secs = 0.01");
    server.refuse(2, "/inbound", 500);
    run(folder.path(), &replay(LETTERS, &[])).expect(75);
    let letters = kept(folder.path(), LETTERS);
    assert_eq!(letters[0]["reason"], "errored");
    assert!(letters[0]["detail"].as_str().unwrap().contains("500"), "{letters:?}");
    assert_eq!(letters[0]["generation"], json!(3), "two keys have a stored answer");
    run(folder.path(), &replay(LETTERS, &[])).expect(0);
    let mut keys = server.keys();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4);
    assert_eq!(kept(folder.path(), LETTERS).len(), 0);
}
