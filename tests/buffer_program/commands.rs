//! The built program: a disk that is full, a buffer that is full, what is left behind, and what the command line tells.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::client::{self, track};
use crate::crashes::add_to_sink;
use crate::held_server::HeldServer;
use crate::process::{Running, binary, configure, dead_letters, files, run, write};
use crate::server::Server;

const DISK: &str = "buffer = { type = \"disk\", max_size = 16777216 }";

fn events(count: usize) -> String {
    (0..count).map(|at| track("ann", &at.to_string()) + "\n").collect()
}

fn stats(folder: &Path) -> Value {
    let stats = run(folder, &["buffer", "stats", "config.toml", "--json"]).expect(0);
    serde_json::from_str(&stats.stdout).expect("it is JSON")
}

#[test]
fn a_run_over_a_disk_delivers_everything_and_leaves_nothing() {
    let server = Server::start();
    let folder = crate::process::folder(&server.url, &files("in.ndjson"), DISK);
    write(folder.path(), "in.ndjson", events(300) + "{\"no\":\"event\"}\n");
    let ended = run(folder.path(), &["run", "config.toml"]).expect(65);
    assert_eq!((ended.count("delivered"), ended.count("still owed")), (300, 0));
    assert_eq!(server.courier.requests().len(), 300);
    assert_eq!(dead_letters(folder.path()).len(), 1);
    assert_eq!(stats(folder.path())["records"], 0);
    // What was read is acknowledged.
    let ended = run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(ended.count("events read"), 0);
}

#[test]
fn what_a_stop_leaves_is_listed_kept_from_a_memory_buffer_and_delivered_by_the_next_run() {
    let held = HeldServer::start();
    let folder = crate::process::folder(&held.url(), &files("in.ndjson"), DISK);
    write(folder.path(), "in.ndjson", events(20));
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    let first = held.next();
    let name = "data/out/buffer.redb";
    let listed = run(folder.path(), &["buffer", "ls", name, "--json", "--payload"]).expect(0);
    let told = format!("{name}: in use by a running process: this is how it stands right now");
    assert_eq!(listed.stderr, told);
    let lines: Vec<Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty());
    for (line, event) in lines.iter().zip(events(20).lines()) {
        assert_eq!(line["payload"], event);
        assert_eq!(line["state"], "waiting");
        assert!(line["origin"].as_str().unwrap().starts_with("in.ndjson:"));
    }
    running.terminate();
    running.wait_for("takes too long");
    drop(first);
    let ended = running.end().expect(75);
    let left = stats(folder.path())["records"].as_u64().unwrap();
    assert_eq!((ended.count("still owed"), ended.count("in the buffer")), (left, left));
    assert!(left > 0);
    let table = run(folder.path(), &["buffer", "ls", "config.toml"]).expect(0).stdout;
    assert_eq!(u64::try_from(table.lines().count()).unwrap(), left + 1);
    assert!(!table.contains("messageId"), "what it holds is shown only where that is asked for");
    let server = Server::start();
    configure(folder.path(), &server.url, &files("in.ndjson"), "");
    let refused = run(folder.path(), &["run", "config.toml"]).expect(78);
    assert!(
        refused.stderr.contains(&format!("of an earlier run, {left} in all")),
        "{}",
        refused.stderr
    );
    configure(folder.path(), &server.url, &files("in.ndjson"), DISK);
    run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(stats(folder.path())["records"], 0);
    configure(folder.path(), &server.url, &files("in.ndjson"), "");
    run(folder.path(), &["run", "config.toml"]).expect(0);
}

#[test]
fn on_a_full_disk_what_arrives_is_refused_what_is_stored_delivered_and_then_it_works_again() {
    let held = HeldServer::start();
    let folder = client::folder(&held.url(), "");
    add_to_sink(folder.path(), DISK);
    let program = binary().get_program().to_str().unwrap().to_owned();
    // Files may have 300 KB, and the signal that says so is not to end the process.
    let script = format!("trap '' XFSZ; ulimit -f 600; exec {program} run config.toml");
    let mut command = Command::new("sh");
    let running = Running::spawn(command.args(["-c", &script]).current_dir(folder.path()));
    let line = running.wait_for("listens for HTTP");
    let (_, address) = line.split_once("address=").unwrap();
    let source =
        client::Source { address: address.split_whitespace().next().unwrap().to_owned(), running };
    let event = |at: usize| {
        let filler = "x".repeat(8000);
        format!(
            r#"{{"type":"track","event":"X","userId":"u{at}","messageId":"{at}","properties":{{"filler":"{filler}"}}}}"#
        )
    };
    let mut stored = 0;
    while source.batch(&[&event(stored)]).0 == 200 {
        stored += 1;
    }
    assert!((5..60).contains(&stored), "{stored}");
    source.running.wait_for("cannot be written; what is stored stays");
    // All of them are delivered, and none that was refused before.
    for _ in 0..stored {
        held.next().answer(202);
    }
    while source.batch(&[&event(1000)]).0 != 200 {}
    held.next().answer(202);
    let ended = source.stop();
    assert_eq!(ended.count("lost, damaged in the buffer"), 0);
    assert!(ended.count("not stored") > 0, "{}", ended.stdout);
}

#[test]
fn of_a_full_buffer_the_newest_is_discarded_where_that_is_configured() {
    let held = HeldServer::start();
    let disk = "buffer = { type = \"disk\", max_size = 16777216, when_full = \"drop_newest\", max_events = 1 }";
    let folder = crate::process::folder(&held.url(), &files("in.ndjson"), disk);
    let filler = "x".repeat(600_000);
    let event = |at: usize| {
        format!(
            "{{\"type\":\"track\",\"event\":\"X\",\"userId\":\"u\",\"messageId\":\"{at}\",\"properties\":\"{filler}\"}}\n"
        )
    };
    write(folder.path(), "in.ndjson", (0..40).map(event).collect::<String>());
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    running.wait_for("is discarded");
    running.terminate();
    let ended = running.end().expect(75);
    let (left, discarded) =
        (ended.count("in the buffer"), ended.count("discarded, the buffer was full"));
    assert!(left > 0 && discarded > 0 && left + discarded <= 40, "{}", ended.stdout);
}
