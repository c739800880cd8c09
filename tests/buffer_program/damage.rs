//! A buffer's file that was damaged while nobody had it: what is kept, what is said, and the exit code.

use std::path::Path;

use tempfile::TempDir;

use crate::client::{self, track};
use crate::crashes::add_to_sink;
use crate::process::{Ended, Running, configure, run, write};
use crate::server::Server;

const EVENTS: usize = 200;
const DISK: &str = "buffer = { type = \"disk\", max_size = 16777216 }";

/// A folder whose buffer holds events that were acknowledged, and its file.
fn filled() -> (TempDir, Vec<u8>) {
    // Nobody listens there.
    let folder = client::folder("http://127.0.0.1:9", "");
    add_to_sink(folder.path(), DISK);
    let source = client::Source::start(folder.path());
    for at in 0..EVENTS {
        assert_eq!(source.batch(&[&track(&format!("u{at}"), &at.to_string())]).0, 200);
    }
    let file = std::fs::read(file(folder.path())).expect("it was made");
    // As after a kill: dropped, it is killed.
    drop(source);
    (folder, file)
}

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("data/out/buffer.redb")
}

/// Runs with what is left of the buffer, and no other input, until it is empty; gives how many Courier got.
fn run_over(folder: &Path, damaged: &[u8]) -> (Ended, usize) {
    let server = Server::start();
    write(folder, "none.ndjson", "");
    configure(folder, &server.url, &crate::process::files("none.ndjson"), DISK);
    std::fs::write(file(folder), damaged).expect("the folder is ours");
    let ended = Running::start(folder, &["run", "config.toml"]).end();
    (ended, server.courier.requests().len())
}

#[test]
fn what_a_flipped_bit_cost_is_logged_counted_and_in_the_exit_code() {
    let (folder, mut bytes) = filled();
    let name = br#""messageId":"150""#;
    let at = bytes.windows(name.len()).position(|it| it == name).unwrap();
    bytes[at] ^= 1;
    let (ended, delivered) = run_over(folder.path(), &bytes);
    let ended = ended.expect(70);
    assert_eq!(delivered, EVENTS - 1);
    assert_eq!(ended.count("lost, damaged in the buffer"), 1);
    let is_told = |line: &str| line.contains("it is set aside") && line.contains("lost=1");
    assert!(ended.stderr.lines().any(is_told), "{}", ended.stderr);
    let is_named = |line: &str| line.contains("is damaged and lost") && line.contains("record=151");
    assert!(ended.stderr.lines().any(is_named), "{}", ended.stderr);
    // What is told once is done with.
    let ended = run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(ended.count("lost, damaged in the buffer"), 0);
}

#[test]
fn what_a_cut_cost_is_counted_and_where_nobody_can_count_it_that_is_said() {
    let (folder, bytes) = filled();
    let (ended, delivered) = run_over(folder.path(), &bytes[..bytes.len() / 2]);
    let ended = ended.expect(70);
    let lost = ended.count("lost, damaged in the buffer");
    assert_eq!(usize::try_from(lost).unwrap() + delivered, EVENTS, "{}", ended.stdout);
    assert!(lost > 0 && delivered > 0, "{}", ended.stdout);
    assert!(ended.stderr.contains(&format!("lost={lost}")), "{}", ended.stderr);
    for length in [4096, 0] {
        let (ended, delivered) = run_over(folder.path(), &bytes[..length]);
        let ended = ended.expect(70);
        assert_eq!(delivered, 0);
        let is_told = |line: &str| line.ends_with("  nobody knows how many");
        assert!(ended.stdout.lines().any(is_told), "{}", ended.stdout);
        assert!(ended.stderr.contains("nobody knows how many are lost"), "{}", ended.stderr);
    }
}
