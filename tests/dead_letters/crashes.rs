//! Killed at any moment, a replay loses no letter, and sends none again that was noted as delivered.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::held_server::HeldServer;
use crate::process::{Running, configure, folder, run, write};
use crate::server::{Server, ids, keep, kept, letter, replay, track};

const AT: &str = "2020-01-01T00:00:00.000Z";

fn letters(ids: &[&str]) -> Vec<Value> {
    ids.iter().map(|id| letter(AT, &track(id))).collect()
}

/// The message ids that were sent, in order.
fn sent(server: &Server) -> Vec<String> {
    let requests = server.courier.requests().into_iter();
    let id = |body: &[u8]| -> Value {
        let event: Value = serde_json::from_slice(body).expect("it takes JSON only");
        event.get("messageId").cloned().expect("every event has one")
    };
    requests.map(|it| id(&it.body).as_str().expect("ids are text").to_owned()).collect()
}

/// A line of the journal: the letter is done with, and `stays` in its place.
fn note(letter: &Value, stays: &[Value]) -> String {
    let hash: [u8; 32] = Sha256::digest(letter.to_string()).into();
    let (high, low) = hash.split_at(16);
    let hex = |half: &[u8]| {
        let half = half.try_into().expect("half of 32 bytes are 16");
        format!("{:032x}", u128::from_be_bytes(half))
    };
    let hash = hex(high) + &hex(low);
    format!("{}\n", json!({"letter": hash, "stays": stays}))
}

/// What it is called, the file, the one put aside, the journal, and what is to be sent.
type State =
    (&'static str, Option<String>, Option<String>, Option<String>, &'static [&'static str]);

fn only_file(folder: &Path) {
    assert!(folder.join("f").exists());
    assert!(!folder.join("f.replaying").exists() && !folder.join("f.replayed").exists());
}

#[test]
fn what_was_noted_before_a_kill_is_not_sent_again_and_all_else_is() {
    let held = HeldServer::start();
    let folder = folder(&held.url(), "type = \"stdin\"", "request.concurrency = 1");
    keep(folder.path(), "f", &letters(&["a", "b", "c"]));
    let running = Running::start(folder.path(), &replay("f", &[]));
    held.next().answer(202);
    let arrived = held.next();
    let noted = || std::fs::read_to_string(folder.path().join("f.replayed")).unwrap_or_default();
    while !noted().ends_with('\n') {
        std::thread::yield_now();
    }
    // SIGKILL.
    drop(running);
    arrived.answer(202);
    assert!(folder.path().join("f.replaying").exists());
    let listed = run(folder.path(), &["dead-letters", "ls", "f", "--json"]).expect(0);
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
    assert!(listed.stderr.contains("interrupted"), "{}", listed.stderr);

    let server = Server::start();
    configure(folder.path(), &server.url, "type = \"stdin\"", "");
    let ended = run(folder.path(), &replay("f", &[])).expect(0);
    assert!(ended.stderr.contains("picked up again"), "{}", ended.stderr);
    let mut sent = sent(&server);
    sent.sort();
    assert_eq!(sent, ["b", "c"]);
    assert_eq!(kept(folder.path(), "f").len(), 0);
    only_file(folder.path());
}

#[test]
fn every_state_a_kill_can_leave_is_picked_up() {
    let [a, b, c] = [0, 1, 2].map(|at| letters(&["a", "b", "c"])[at].clone());
    let line = |letter: &Value| format!("{letter}\n");
    let again = letter("2021-01-01T00:00:00.000Z", &track("b"));
    let all = [line(&a), line(&b)].concat();
    let torn: String = note(&b, &[]).chars().take(30).collect();
    let states: [State; 9] = [
        ("renamed", None, Some(all.clone()), None, &["a", "b"]),
        ("renamed, sink goes on", Some(line(&c)), Some(all.clone()), None, &["a", "b", "c"]),
        ("one noted", None, Some(all.clone()), Some(note(&a, &[])), &["b"]),
        ("note torn", None, Some(all.clone()), Some(note(&a, &[]) + &torn), &["b"]),
        (
            "rejected again",
            Some(line(&c)),
            Some(all.clone()),
            Some(note(&b, std::slice::from_ref(&again))),
            &["a", "b", "c"],
        ),
        (
            "half put back",
            Some(line(&c) + &line(&again)),
            Some(all.clone()),
            Some(note(&a, &[]) + &note(&b, std::slice::from_ref(&again))),
            &["b", "c"],
        ),
        ("all put back", Some(all.clone()), Some(all.clone()), None, &["a", "b"]),
        ("old gone", Some(line(&b)), None, Some(note(&b, &[])), &["b"]),
        ("journal just made", Some(line(&b)), None, Some(String::new()), &["b"]),
    ];
    let server = Server::start();
    for (state, file, old, journal, expected) in states {
        let folder = folder(&server.url, "type = \"stdin\"", "");
        for (name, content) in [("f", file), ("f.replaying", old), ("f.replayed", journal)] {
            if let Some(content) = content {
                write(folder.path(), name, content);
            }
        }
        let listed = run(folder.path(), &["dead-letters", "ls", "f"]).expect(0).stdout;
        assert_eq!(listed.lines().count(), expected.len() + 1, "{state}: {listed}");
        let before = sent(&server).len();
        let ended = run(folder.path(), &replay("f", &[])).expect(0);
        let mut sent: Vec<_> = sent(&server).split_off(before);
        sent.sort();
        assert_eq!(sent, expected, "{state}: {}", ended.stderr);
        assert_eq!(kept(folder.path(), "f").len(), 0, "{state}");
        only_file(folder.path());
    }
}

#[test]
fn killed_again_and_again_it_still_delivers_every_letter() {
    const LETTERS: usize = 400;
    let server = Server::start();
    let folder = folder(&server.url, "type = \"stdin\"", "request.concurrency = 4");
    let names: Vec<_> = (0..LETTERS).map(|number| number.to_string()).collect();
    keep(folder.path(), "f", &letters(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    for kill in 1..=6 {
        let running = Running::start(folder.path(), &replay("f", &[]));
        while sent(&server).len() < kill * 30 {
            std::thread::yield_now();
        }
        drop(running);
    }
    run(folder.path(), &replay("f", &[])).expect(0);
    assert_eq!(kept(folder.path(), "f").len(), 0);
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, key) in sent(&server).into_iter().zip(server.keys()) {
        keys.entry(id).or_default().push(key);
    }
    assert_eq!(keys.len(), LETTERS, "every letter was sent");
    assert!(
        keys.values().all(|keys| keys.iter().all(|key| *key == keys[0])),
        "what was sent twice had the same key, so that Courier acts once"
    );
}

#[test]
fn two_replays_of_one_file_do_not_mix() {
    let held = HeldServer::start();
    let folder = folder(&held.url(), "type = \"stdin\"", "");
    keep(folder.path(), "f", &letters(&["a"]));
    let running = Running::start(folder.path(), &replay("f", &[]));
    let arrived = held.next();
    let other = run(folder.path(), &replay("f", &[])).expect(70);
    assert!(other.stderr.contains("another process replays"), "{}", other.stderr);
    let other = run(folder.path(), &["dead-letters", "drop", "f", "--yes"]).expect(70);
    assert!(other.stderr.contains("another process replays"), "{}", other.stderr);
    arrived.answer(400);
    running.end().expect(65);
    let letters = kept(folder.path(), "f");
    assert_eq!(ids(&letters), ["a"]);
    only_file(folder.path());
}
