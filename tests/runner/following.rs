//! Files that are followed while they grow, are rotated, cut off and packed: each event once, in order.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::held_server::HeldServer;
use crate::process::{Running, folder, run, write};

/// One event of one user, so that all events have an order.
pub(crate) fn event(number: usize) -> String {
    format!(
        "{{\"type\":\"track\",\"userId\":\"ann\",\"messageId\":\"m{number:03}\",\"event\":\"X\"}}\n"
    )
}

pub(crate) fn events(numbers: std::ops::Range<usize>) -> String {
    numbers.map(event).collect()
}

pub(crate) fn append(folder: &Path, name: &str, text: &str) {
    let file = OpenOptions::new().append(true).open(folder.join(name));
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the folder is ours");
}

/// When it was last written to, in seconds since 1970.
fn touch(path: &Path, seconds: u64) {
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    let file = OpenOptions::new().append(true).open(path);
    file.and_then(|file| file.set_modified(time)).expect("the folder is ours");
}

fn rename(folder: &Path, from: &str, to: &str) {
    fs::rename(folder.join(from), folder.join(to)).expect("the folder is ours");
}

fn following(server: &HeldServer) -> TempDir {
    let source =
        "type = \"file\"\ninclude = [\"log*\"]\nfollow = true\nglob_minimum_cooldown_ms = 20";
    folder(&server.url(), source, "")
}

pub(crate) fn start(folder: &Path) -> Running {
    Running::start(folder, &["run", "config.toml"])
}

/// Answers the next requests, which must be these events in this order.
#[track_caller]
pub(crate) fn expect(server: &HeldServer, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let arrived = server.next();
        let id = format!("\"m{number:03}\"");
        assert!(arrived.body.contains(&id), "{id} is not in {}", arrived.body);
        arrived.answer(202);
    }
}

/// Asks it to stop. It must have delivered so many events, no more, and owe none.
#[track_caller]
pub(crate) fn stop(running: Running, delivered: u64) {
    running.terminate();
    let ended = running.end().expect(0);
    assert_eq!((ended.count("delivered"), ended.count("still owed")), (delivered, 0));
}

#[test]
fn what_is_added_to_a_file_is_sent_and_a_restart_sends_nothing_twice() {
    let server = HeldServer::start();
    let folder = following(&server);
    let [third, fifth] = [event(3), event(5)];
    let (start_of_third, rest_of_third) = third.split_at(20);
    let (start_of_fifth, rest_of_fifth) = fifth.split_at(20);
    write(folder.path(), "log", events(0..3) + start_of_third);
    let running = start(folder.path());
    expect(&server, 0..3);
    append(folder.path(), "log", rest_of_third);
    expect(&server, 3..4);
    // A file that comes later.
    write(folder.path(), "log.new", event(4));
    expect(&server, 4..5);
    append(folder.path(), "log.new", start_of_fifth);
    stop(running, 5);
    append(folder.path(), "log.new", rest_of_fifth);
    append(folder.path(), "log", &event(6));
    for (name, time) in [("log.new", 100), ("log", 200)] {
        touch(&folder.path().join(name), time);
    }
    let running = start(folder.path());
    expect(&server, 5..7);
    stop(running, 2);
}

#[test]
fn a_rotation_while_it_runs_and_one_while_it_is_stopped_lose_nothing_and_keep_the_order() {
    let server = HeldServer::start();
    let folder = following(&server);
    write(folder.path(), "log", events(0..2));
    let running = start(folder.path());
    expect(&server, 0..1);
    // The sink waits for its answer; meanwhile the file is written to, renamed, and another comes in its place.
    let held = server.next();
    append(folder.path(), "log", &events(2..4));
    rename(folder.path(), "log", "log.1");
    write(folder.path(), "log", events(4..6));
    held.answer(202);
    expect(&server, 2..6);
    stop(running, 6);

    append(folder.path(), "log", &events(6..8));
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(events(0..4).as_bytes()).unwrap();
    write(folder.path(), "log.2.gz", zip.finish().unwrap());
    fs::remove_file(folder.path().join("log.1")).unwrap();
    rename(folder.path(), "log", "log.1");
    write(folder.path(), "log", events(8..10));
    let running = start(folder.path());
    expect(&server, 6..10);
    append(folder.path(), "log", &event(10));
    expect(&server, 10..11);
    stop(running, 5);
}

#[test]
fn a_file_that_is_copied_and_cut_off_is_read_from_its_start_and_its_copy_not_again() {
    let server = HeldServer::start();
    let folder = following(&server);
    write(folder.path(), "log", events(0..40));
    let running = start(folder.path());
    expect(&server, 0..40);
    fs::copy(folder.path().join("log"), folder.path().join("log.1")).unwrap();
    write(folder.path(), "log", event(40));
    running.wait_for("was cut off or written anew");
    expect(&server, 40..41);
    stop(running, 41);
}

#[test]
fn a_kill_while_following_loses_nothing() {
    let server = HeldServer::start();
    let folder = following(&server);
    write(folder.path(), "log", events(0..3));
    let running = start(folder.path());
    expect(&server, 0..1);
    let under_way = server.next();
    append(folder.path(), "log", &event(3));
    drop(running);
    under_way.answer(202);
    rename(folder.path(), "log", "log.1");
    write(folder.path(), "log", event(4));
    let running = start(folder.path());
    // The first answer may or may not have reached the checkpoint.
    let first = server.next();
    let is_known = first.body.contains("\"m001\"");
    first.answer(202);
    let from = if is_known { 2 } else { 1 };
    expect(&server, from..5);
    stop(running, if is_known { 4 } else { 5 });
}

#[test]
fn archived_files_are_replayed_oldest_first_and_the_run_ends() {
    let server = HeldServer::start();
    let source = "type = \"file\"\ninclude = [\"*.ndjson\"]";
    let folder = folder(&server.url(), source, "");
    for (name, time, numbers) in [("b", 100, 0..3), ("c", 200, 3..5), ("a", 300, 5..8)] {
        touch(&write(folder.path(), &format!("{name}.ndjson"), events(numbers)), time);
    }
    let running = start(folder.path());
    expect(&server, 0..8);
    assert_eq!(running.end().expect(0).count("delivered"), 8);
    let again = run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(again.count("events read"), 0);
}
