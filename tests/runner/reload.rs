//! Another configuration while it runs: SIGHUP, `--watch-config`, and what is refused.

use std::collections::BTreeMap;
use std::io::Write;

use crate::process::{Emulated, Running, configure, folder, write};

const STDIN: &str = "type = \"stdin\"";

fn track(user: usize, number: usize) -> String {
    format!(
        "{{\"type\":\"track\",\"userId\":\"u{user}\",\"messageId\":\"{number:05}\",\"event\":\"X\",\"properties\":{{\"number\":\"{number:05}\"}}}}\n"
    )
}

/// Before that, SIGHUP ends the process as it does any.
fn wait_until_it_runs(emulated: &Emulated) {
    while emulated.requests().is_empty() {
        std::thread::yield_now();
    }
}

#[test]
fn a_hundred_reloads_under_load_lose_repeat_and_reorder_nothing() {
    const EVENTS: usize = 1010;
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    let sinks = [
        "unmapped = \"inbound_courier\"\nrequest.rate_limit_num = 300",
        "unmapped = \"inbound_rudderstack\"\nrequest.rate_limit_num = 600\nrequest.concurrency = 9",
    ];
    let folder = folder(&emulated.url(), STDIN, sinks[0]);
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    let mut numbers = 0..EVENTS;
    for number in numbers.by_ref().take(10) {
        stdin.write_all(track(number % 7, number).as_bytes()).unwrap();
    }
    wait_until_it_runs(&emulated);
    for round in 1..=100 {
        for number in numbers.by_ref().take(10) {
            stdin.write_all(track(number % 7, number).as_bytes()).unwrap();
        }
        configure(folder.path(), &emulated.url(), STDIN, sinks[round % 2]);
        running.hang_up();
        running.wait_for("loaded again");
    }
    drop(stdin);
    let ended = running.end().expect(0);
    assert_eq!(ended.count("delivered"), u64::try_from(EVENTS).unwrap());
    let (mut seen, mut ways) = (BTreeMap::<String, Vec<String>>::new(), BTreeMap::new());
    for request in emulated.requests() {
        let body = &request["body"];
        let number = body["properties"]["number"].as_str().expect("it is the event's");
        let user = body["userId"].as_str().expect("it has one");
        seen.entry(user.to_owned()).or_default().push(number.to_owned());
        *ways.entry(request["path"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(seen.values().map(Vec::len).sum::<usize>(), EVENTS, "nothing lost, nothing twice");
    assert!(seen.values().all(|numbers| numbers.is_sorted_by(|one, next| one < next)), "{seen:?}");
    assert_eq!(ways.len(), 2, "both mappings were in force: {ways:?}");
}

#[test]
fn a_bad_file_is_refused_whole_and_what_cannot_change_is_named() {
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    let folder = folder(&emulated.url(), STDIN, "");
    let config = folder.path().join("config.toml");
    let good = std::fs::read_to_string(&config).unwrap();
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(track(1, 1).as_bytes()).unwrap();
    wait_until_it_runs(&emulated);

    configure(folder.path(), &emulated.url(), STDIN, "request.timeout_secs = 0\nmodus = 1");
    running.hang_up();
    running.wait_for("the one from before stays in use");
    running.wait_for("timeout_secs");
    running.wait_for("modus");

    let other = good.replace("data_dir = \"data\"", "data_dir = \"elsewhere\"");
    let other = other.replace("[sinks.out]", "[sources.more]\ntype = \"http_server\"\naddress = \"127.0.0.1:0\"\nwrite_keys = []\n[sinks.out]");
    let other = other.replace("inputs = [\"in\"]", "inputs = [\"in\"]\nmode = \"inbound\"");
    let other = other.replace("write_keys = []\n", "");
    let other = other.replace("inputs = [\"in\"]", "inputs = [\"in\", \"more\"]");
    write(folder.path(), "config.toml", &other);
    running.hang_up();
    running.wait_for("the one from before stays in use");
    for option in ["data_dir", "sources.more", "sinks.out.inputs", "sinks.out.mode"] {
        running.wait_for(&format!("{option}: cannot change while it runs"));
    }

    write(
        folder.path(),
        "config.toml",
        good.replace("api_key = \"right\"", "api_key_file = \"absent\""),
    );
    running.hang_up();
    running.wait_for("the one from before stays in use");
    running.wait_for("cannot read api_key_file");

    stdin.write_all(track(1, 2).as_bytes()).unwrap();
    drop(stdin);
    let ended = running.end().expect(0);
    assert_eq!(ended.count("delivered"), 2);
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn a_key_in_a_watched_configuration_is_exchanged_and_ends_a_hold() {
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    let hold = "request.hold_probe_secs = 3600";
    let folder = folder(&emulated.url(), STDIN, &format!("api_key = \"wrong\"\n{hold}"));
    let mut running = Running::start(folder.path(), &["run", "--watch-config", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(track(1, 1).as_bytes()).unwrap();
    running.wait_for("everything is kept");
    configure(folder.path(), &emulated.url(), STDIN, hold);
    running.wait_for("loaded again");
    running.wait_for("Courier lets requests through again");
    drop(stdin);
    assert_eq!(running.end().expect(0).count("delivered"), 1);
}
