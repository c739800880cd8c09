//! Killed at any moment, under load, with clients that do not send again what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::client::{self, track};
use crate::process::{Running, run};
use crate::server::Server;

const ROUNDS: usize = 50;

/// Status of the answer to a batch; nothing where the other end dies.
pub(crate) fn post(address: &str, events: &[String]) -> Option<u16> {
    let body = format!("{{\"batch\":[{}]}}", events.join(","));
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    write!(
        stream,
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

#[test]
fn nothing_that_was_acknowledged_is_lost_in_fifty_kills_and_what_is_sent_again_has_the_same_key() {
    let server = Server::start();
    let folder = client::folder(&server.url, "");
    add_to_sink(
        folder.path(),
        "buffer = { type = \"disk\", max_size = 16777216 }\nrequest.rate_limit_num = 400",
    );
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let mut chance = fastrand::Rng::with_seed(5);
    for round in 0..ROUNDS {
        let source = client::Source::start(folder.path());
        let (answered, answers) = channel();
        let (address, acknowledged) = (source.address.clone(), Arc::clone(&acknowledged));
        let mut draw = chance.fork();
        let poster = std::thread::spawn(move || {
            for number in 0.. {
                let ids: Vec<_> =
                    (0..draw.usize(1..8)).map(|at| format!("{round}-{number}-{at}")).collect();
                let events: Vec<_> = ids.iter().map(|id| track("ann", id)).collect();
                let Some(200) = post(&address, &events) else { return };
                acknowledged.lock().unwrap().extend(ids);
                if answered.send(()).is_err() {
                    return;
                }
            }
        });
        for _ in 0..chance.usize(0..12) {
            answers.recv().expect("the run answers until it is killed");
        }
        for _ in 0..chance.usize(..2000) {
            std::thread::yield_now();
        }
        // Dropped, it is killed.
        drop(source);
        drop(answers);
        poster.join().unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    while !acknowledged.is_subset(&keys(&server).into_keys().collect()) {
        std::thread::yield_now();
    }
    running.terminate();
    running.end();
    let keys = keys(&server);
    assert!(acknowledged.len() > ROUNDS);
    assert!(keys.values().all(|keys| keys.len() == 1), "Courier acts once for each event");
    let stats = run(folder.path(), &["buffer", "stats", "config.toml", "--json"]).expect(0);
    let stats: Value = serde_json::from_str(&stats.stdout).unwrap();
    assert_eq!((&stats["damaged"], &stats["in_use"]), (&0.into(), &false.into()));
}

/// The keys each event was sent with.
fn keys(server: &Server) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for request in server.courier.requests() {
        let event: Value = serde_json::from_slice(&request.body).expect("it takes JSON only");
        let id = event.get("messageId").and_then(Value::as_str).expect("ids are text").to_owned();
        keys.entry(id).or_default().insert(request.idempotency_key.expect("it starts something"));
    }
    keys
}

pub(crate) fn add_to_sink(folder: &std::path::Path, options: &str) {
    let path = folder.join("config.toml");
    let text = std::fs::read_to_string(&path).expect("it was written");
    std::fs::write(path, format!("{text}{options}\n")).expect("the folder is ours");
}
