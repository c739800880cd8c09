//! How much is to be done, as the status tells it of files: also after a restart in the middle, and of packed ones.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test's set-up is a failed test"
)]

use std::fmt::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::admin::{start, status};
use crate::process::write;

const EVENTS: u64 = 1500;

/// As many as the first run lets go.
const DONE: u64 = 400;

/// A sink that sends so many requests, and then none for an hour.
fn config(folder: &Path, include: &str, limit: u64) -> String {
    let text = format!(
        "data_dir = \"data\"\nshutdown_timeout_secs = 0.2\n[api]\naddress = \"127.0.0.1:0\"\n\
         [emulator]\naddress = \"127.0.0.1:0\"\napi_key = \"right\"\n\
         [sources.in]\ntype = \"file\"\ninclude = [\"{include}\"]\n\
         [sinks.courier]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"right\"\nhealthcheck = false\n\
         mode = \"inbound\"\nbatch.timeout_secs = 0.05\n\
         request = {{ rate_limit_num = {limit}, rate_limit_burst = {limit}, rate_limit_duration_secs = 360000 }}\n"
    );
    write(folder, "config.toml", text).to_str().unwrap().to_owned()
}

/// The status once it tells what `is_so`.
fn wait(address: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let now = status(address);
        if is_so(&now) {
            return now;
        }
    }
}

fn backlog(status: &Value) -> u64 {
    ["inside", "unread"].iter().map(|part| status["backlog"][part].as_u64().unwrap()).sum()
}

#[test]
fn the_backlog_is_right_within_a_tenth_also_after_a_restart_and_in_packed_files() {
    let mut text = String::new();
    for at in 0..EVENTS {
        writeln!(
            text,
            "{{\"type\":\"track\",\"event\":\"Seen\",\"userId\":\"user-{at}\",\"messageId\":\"m{at:05}\",\
             \"properties\":{{\"page\":\"{}\"}}}}",
            // Lines differ in length, and no piece of the file ends with one.
            "p".repeat(usize::try_from(at % 100).unwrap())
        )
        .unwrap();
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    for (name, content) in [("events.ndjson", text.as_bytes()), ("events.ndjson.gz", &packed)] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), name, content);
        let near = |backlog: u64, expected: u64| {
            let allowed = expected - expected / 10..=expected + expected / 10;
            assert!(allowed.contains(&backlog), "{name}: {backlog} instead of {expected}");
        };
        let (running, address) = start(folder.path(), &config(folder.path(), name, DONE));
        let first = wait(&address, |now| {
            now["delivered"].as_u64() >= Some(DONE) && now["constraint"] == "rate"
        });
        near(backlog(&first), EVENTS - DONE);
        running.terminate();
        running.end().expect(75);

        let (_running, address) = start(folder.path(), &config(folder.path(), name, 1));
        let second = wait(&address, |now| {
            now["delivered"].as_u64() >= Some(1) && now["constraint"] == "rate"
        });
        near(backlog(&second), EVENTS - DONE - 1);
    }
}
