//! A restart goes on where the last run's acknowledged events end.

use crate::held_server::HeldServer;
use crate::process::{Emulated, Running, configure, files, folder, run, write};

fn track(user: &str, name: &str) -> String {
    format!("{{\"type\":\"track\",\"userId\":\"{user}\",\"event\":\"{name}\"}}\n")
}

#[test]
fn what_was_acknowledged_is_not_sent_again() {
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    let folder = folder(&emulated.url(), &files("in"), "");
    let first = track("a", "1") + "bad\n" + &track("b", "2");
    write(folder.path(), "in", &first);
    let ended = run(folder.path(), &["run", "config.toml"]).expect(65);
    assert_eq!(ended.count("delivered"), 2);
    let again = run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(again.count("events read"), 0);
    write(folder.path(), "in", first + &track("a", "3"));
    let more = run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(more.count("delivered"), 1);
    assert_eq!(emulated.requests().len(), 3);
    let source = files("in") + "\nignore_checkpoints = true";
    configure(folder.path(), &emulated.url(), &source, "");
    let afresh = run(folder.path(), &["run", "config.toml"]).expect(65);
    assert_eq!(afresh.count("delivered"), 2 + 1);
}

#[test]
fn an_event_that_errored_is_read_again_and_so_is_what_follows_it() {
    let server = HeldServer::start();
    let retries = "[sinks.out.request]\nretry_attempts = 0\nconcurrency = 3";
    let folder = folder(&server.url(), &files("in"), retries);
    write(folder.path(), "in", track("a", "1") + &track("b", "2") + &track("c", "3"));
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    // Three users, so three requests at once, in no particular order: which one is refused does not matter.
    let [first, second, third] = [server.next(), server.next(), server.next()];
    first.answer(202);
    third.answer(202);
    second.answer(500);
    let ended = running.end().expect(75);
    assert_eq!((ended.count("delivered"), ended.count("still owed")), (2, 1));
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    // Behind the checkpoint there are the one that errored, and whatever followed it.
    std::thread::spawn(move || {
        loop {
            server.next().answer(202);
        }
    });
    let ended = running.end().expect(0);
    assert!((1..=3).contains(&ended.count("delivered")), "{}", ended.stdout);
    assert_eq!(run(folder.path(), &["run", "config.toml"]).expect(0).count("events read"), 0);
}

#[test]
fn what_errored_in_a_long_file_is_read_again_in_the_same_run_before_what_comes_behind_it() {
    let server = HeldServer::start();
    // One at a time: what comes behind is not read before the first has ended.
    let sink = "request.retry_attempts = 0\nbuffer.max_events = 1";
    let folder = folder(&server.url(), &files("in"), sink);
    let page = |at| format!("{{\"type\":\"page\",\"n\":\"{at:01000}\"}}\n");
    let filler: String = (0..1000).map(page).collect();
    let events = [track("b", "first"), track("a", "old"), filler, track("a", "new")];
    write(folder.path(), "in", events.concat());
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    for (name, status) in [("first", 202), ("old", 500), ("old", 202), ("new", 202)] {
        let arrived = server.next();
        assert!(arrived.body.contains(&format!("\"{name}\"")), "{name}: {}", arrived.body);
        arrived.answer(status);
    }
    let ended = running.end().expect(0);
    assert_eq!((ended.count("delivered"), ended.count("still owed")), (3, 0));
}

#[test]
fn where_nothing_is_delivered_the_rest_of_a_file_is_left_for_the_next_run() {
    let server = HeldServer::start();
    let retries = "[sinks.out.request]\nretry_attempts = 0\nconcurrency = 1";
    let folder = folder(
        &server.url(),
        &files("in"),
        &(retries.to_owned() + "\n[sinks.out.buffer]\nmax_events = 1"),
    );
    write(
        folder.path(),
        "in",
        (0..1000).map(|at| track(&format!("{at:0500}"), "x")).collect::<String>(),
    );
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    server.next().answer(500);
    let ended = running.end().expect(75);
    assert!(ended.stdout.contains("stopped before its end"), "{}", ended.stdout);
}

#[test]
fn damaged_checkpoints_are_an_error_and_not_a_fresh_start() {
    let folder = folder("", &files("in"), "");
    write(folder.path(), "in", track("a", "1"));
    run(folder.path(), &["run", "config.toml"]).expect(0);
    write(folder.path(), "data/in/checkpoints.json", "{\"version\":");
    let ended = run(folder.path(), &["run", "config.toml"]).expect(70);
    assert!(ended.stderr.contains("are damaged"), "{}", ended.stderr);
}

#[test]
fn killed_in_the_middle_of_a_file_a_run_loses_nothing() {
    let server = HeldServer::start();
    let folder = folder(&server.url(), &files("in"), "request.concurrency = 1");
    let names = ["1", "2", "3", "4"];
    write(folder.path(), "in", names.map(|name| track("a", name)).concat());
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    server.next().answer(202);
    let under_way = server.next();
    // SIGKILL.
    drop(running);
    under_way.answer(202);
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    configure(folder.path(), &emulated.url(), &files("in"), "");
    let ended = run(folder.path(), &["run", "config.toml"]).expect(0);
    // The checkpoint may or may not know of the first one yet.
    assert!((3..=4).contains(&ended.count("delivered")), "{}", ended.stdout);
    let sent: Vec<String> = emulated
        .requests()
        .iter()
        .map(|it| it["body"]["event"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.ends_with(&sent.iter().map(String::as_str).collect::<Vec<_>>()), "{sent:?}");
}

#[test]
fn a_file_that_is_rotated_while_it_is_read_is_read_to_its_end_and_so_is_the_new_one() {
    let server = HeldServer::start();
    let sink = "buffer.max_events = 1\nrequest.concurrency = 1";
    let folder = folder(&server.url(), &files("log"), sink);
    write(folder.path(), "log", track("a", "1") + &track("a", "2") + &track("a", "3"));
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    let first = server.next();
    std::fs::rename(folder.path().join("log"), folder.path().join("log.1")).unwrap();
    write(folder.path(), "log", track("b", "4") + &track("b", "5"));
    first.answer(202);
    server.next().answer(202);
    server.next().answer(202);
    assert_eq!(running.end().expect(0).count("delivered"), 3);
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    server.next().answer(202);
    server.next().answer(202);
    assert_eq!(running.end().expect(0).count("delivered"), 2);
}
