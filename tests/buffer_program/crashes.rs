//! Killed at any moment, under load, with clients that do not send again what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use courier_sink::clock::Clock;
use courier_sink::config::{DiskBuffer, WhenFull};
use courier_sink::runner::buffer::Buffer;
use courier_sink::sink::Payload;
use futures::{StreamExt, stream};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::client::{self, track};
use crate::process::{Running, run};
use crate::server::Server;

const ROUNDS: usize = 50;

/// A kind of request, and the id of the event it was made for.
type Request = (&'static str, String);

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

/// An event whose id says what kind it is. All of one user are track events; each other has a user and a group of its own,
/// by which its requests are known.
fn event(id: &str) -> String {
    let (kind, _) = id.split_once('-').expect("it says so");
    match kind {
        "track" => track("ann", id),
        "group" => format!(
            r#"{{"type":"group","userId":"{id}","groupId":"{id}","messageId":"{id}","traits":{{"n":"{id}"}}}}"#
        ),
        _ => format!(
            r#"{{"type":"identify","userId":"{id}","messageId":"{id}","traits":{{"n":"{id}"}}}}"#
        ),
    }
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
    // At how many kills each event was in the buffer, its end not noted.
    let mut owed = BTreeMap::<String, usize>::new();
    let mut chance = fastrand::Rng::with_seed(5);
    for round in 0..ROUNDS {
        let source = client::Source::start(folder.path());
        let (answered, answers) = channel();
        let (address, acknowledged) = (source.address.clone(), Arc::clone(&acknowledged));
        let mut draw = chance.fork();
        let poster = std::thread::spawn(move || {
            for number in 0.. {
                let ids: Vec<_> = (0..draw.usize(1..8))
                    .map(|at| {
                        let kind = ["track", "identify", "group"][draw.usize(..3)];
                        format!("{kind}-{round}-{number}-{at}")
                    })
                    .collect();
                let events: Vec<_> = ids.iter().map(|id| event(id)).collect();
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
        for id in left(folder.path()) {
            *owed.entry(id).or_default() += 1;
        }
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    let has_arrived = |requests: &BTreeMap<Request, usize>| {
        let ids: BTreeSet<_> = requests.keys().map(|(_, id)| id.clone()).collect();
        acknowledged.is_subset(&ids)
    };
    while !has_arrived(&counted(&server)) {
        std::thread::yield_now();
    }
    running.terminate();
    running.end();
    assert!(acknowledged.len() > ROUNDS);
    assert_nothing_is_done_twice(&server);
    let again = assert_what_is_sent_again_was_owed(&counted(&server), &owed);
    println!("sent again after {ROUNDS} kills: {again:?}");
    let stats = run(folder.path(), &["buffer", "stats", "config.toml", "--json"]).expect(0);
    let stats: Value = serde_json::from_str(&stats.stdout).unwrap();
    assert_eq!((&stats["damaged"], &stats["in_use"]), (&0.into(), &false.into()));
}

/// The ids of what the next run will find in the buffer: of a copy, since `buffer ls` only reads, and believes a ledger that
/// was written by a commit which the kill left unfinished.
fn left(folder: &Path) -> Vec<String> {
    let copy = tempfile::tempdir().expect("there is room");
    for name in ["buffer.redb", "buffer.lock"] {
        let file = folder.join("data/out").join(name);
        std::fs::copy(file, copy.path().join(name)).expect("the folder is ours");
    }
    let settings = DiskBuffer {
        max_size: (1 << 24).try_into().expect("it is not zero"),
        when_full: WhenFull::Block,
    };
    let mut chance = fastrand::Rng::with_seed(0);
    let buffer = Buffer::open(copy.path(), settings, Clock::system(), &mut chance);
    let buffer = buffer.expect("a kill does no damage");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("threads can be started").block_on(async {
        let (records, running) = buffer.start(stream::pending().boxed(), CancellationToken::new());
        let count = usize::try_from(running.level().show().records).expect("they are few");
        let records: Vec<_> = records.take(count).collect().await;
        records.iter().map(|record| id(&record.payload)).collect()
    })
}

fn id(payload: &Payload) -> String {
    let Payload::Bytes(bytes) = payload else { panic!("it was read") };
    message_id(bytes)
}

fn message_id(event: &[u8]) -> String {
    let event: Value = serde_json::from_slice(event).expect("it was sent as JSON");
    event.get("messageId").and_then(Value::as_str).expect("ids are text").to_owned()
}

/// How often each request came that changes something.
fn counted(server: &Server) -> BTreeMap<Request, usize> {
    let mut counted = BTreeMap::new();
    for request in server.courier.requests().iter().filter(|it| it.method != http::Method::GET) {
        let last = request.path.rsplit('/').next().expect("a path has a last part");
        let counted_as = match request.path.split('/').nth(1) {
            Some("profiles") => ("profile", last.to_owned()),
            Some("tenants") => ("tenant", last.to_owned()),
            Some("users") => ("membership", last.to_owned()),
            _ => ("inbound", message_id(&request.body)),
        };
        *counted.entry(counted_as).or_default() += 1;
    }
    counted
}

/// Where Courier has idempotency keys, one is used for each event, by which Courier replays its answer; all else is a write
/// that says the same again.
fn assert_nothing_is_done_twice(server: &Server) {
    let mut keys = BTreeMap::<_, BTreeSet<_>>::new();
    let mut done = BTreeSet::new();
    let mut writes = BTreeMap::new();
    for request in server.courier.requests().into_iter().filter(|it| it.method != http::Method::GET)
    {
        if let Some(key) = request.idempotency_key {
            assert!(done.insert(key.clone()) != request.replayed, "{key} is done again");
            keys.entry(request.body).or_default().insert(key);
        } else {
            let before = writes.insert(request.path.clone(), request.body.clone());
            assert!(before.is_none_or(|it| it == request.body), "{}", request.path);
        }
    }
    assert!(keys.values().all(|keys| keys.len() == 1), "Courier acts once for each event");
}

/// What had ended and was not noted when it was killed is sent again, and nothing else: a run sends each of its events once,
/// so an event is sent at most once more for each kill that found it in the buffer. How many of each kind.
fn assert_what_is_sent_again_was_owed(
    counted: &BTreeMap<Request, usize>,
    owed: &BTreeMap<String, usize>,
) -> BTreeMap<&'static str, usize> {
    let mut again = BTreeMap::<&str, usize>::new();
    for ((kind, id), count) in counted {
        let kills = owed.get(id).copied().unwrap_or(0);
        assert!(*count <= 1 + kills, "{kind} of {id}: {count}, in the buffer at {kills} kills");
        *again.entry(kind).or_default() += count - 1;
    }
    again
}

pub(crate) fn add_to_sink(folder: &Path, options: &str) {
    let path = folder.join("config.toml");
    let text = std::fs::read_to_string(&path).expect("it was written");
    std::fs::write(path, format!("{text}{options}\n")).expect("the folder is ours");
}
