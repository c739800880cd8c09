//! A sink that runs and writes letters while others are sent again or dropped.

use std::io::Write;
use std::path::Path;

use crate::process::{Running, folder, run};
use crate::server::{LETTERS, Server, kept, replay, track};

/// Waits until the file has `count` lines.
fn wait_for_lines(folder: &Path, count: usize) {
    let lines = || std::fs::read_to_string(folder.join(LETTERS)).unwrap_or_default();
    while lines().lines().count() < count {
        std::thread::yield_now();
    }
}

#[test]
fn a_sink_goes_on_writing_while_its_letters_are_sent_again() {
    const WRITTEN: usize = 300;
    let server = Server::start();
    let folder = folder(&server.url, "type = \"stdin\"", "");
    server.refuse(20, "/inbound", 400);
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    for number in 0..20 {
        writeln!(stdin, "{}", track(&number.to_string())).unwrap();
    }
    wait_for_lines(folder.path(), 20);
    let writer = std::thread::spawn(move || {
        for number in 0..WRITTEN {
            writeln!(stdin, "nonsense {number}").unwrap();
            stdin.flush().unwrap();
        }
        stdin
    });
    for _ in 0..3 {
        run(folder.path(), &replay(LETTERS, &["--event", "track"])).expect(0);
    }
    let stdin = writer.join().unwrap();
    let more = ["dead-letters", "drop", LETTERS, "--user", "nobody", "--yes"];
    run(folder.path(), &more).expect(0);
    drop(stdin);
    running.end().expect(65);
    let letters = kept(folder.path(), LETTERS);
    let mut records: Vec<_> = letters.iter().map(|it| it["record_text"].to_string()).collect();
    records.sort();
    records.dedup();
    assert_eq!((letters.len(), records.len()), (WRITTEN, WRITTEN), "none is lost and none doubled");
    assert_eq!(server.courier.inbound().len(), 20);
}

#[test]
fn a_sink_without_work_lets_its_file_go() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    let folder = folder(&server.url, "type = \"stdin\"", "");
    server.refuse(1, "/inbound", 400);
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    writeln!(stdin, "{}", track("a")).unwrap();
    wait_for_lines(folder.path(), 1);
    run(folder.path(), &replay(LETTERS, &[])).expect(0);
    assert!(kept(folder.path(), LETTERS).is_empty());
    writeln!(stdin, "nonsense").unwrap();
    wait_for_lines(folder.path(), 1);
    let mode = folder.path().join(LETTERS).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let other = run(folder.path(), &["run", "config.toml"]).expect(70);
    assert!(other.stderr.contains("in use"), "the new file is locked: {}", other.stderr);
    drop(stdin);
    running.end().expect(65);
}
