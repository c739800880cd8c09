//! Several sources and several sinks in one run.

use std::path::Path;

use serde_json::Value;

use crate::held_server::HeldServer;
use crate::process::{Emulated, Ended, Running, run, write};

/// A sink's block.
fn sink(name: &str, inputs: &str, endpoint: &str, more: &str) -> String {
    let key = if more.contains("api_key") { "" } else { "api_key = \"right\"\n" };
    format!(
        "[sinks.{name}]\ntype = \"courier\"\ninputs = [{inputs}]\nendpoint = \"{endpoint}\"\nhealthcheck = false\n\
         {key}{more}\n"
    )
}

/// A configuration with the file sources `a` and `b` and these sinks.
fn configure(folder: &Path, sinks: &[String]) {
    let source =
        |name: &str| format!("[sources.{name}]\ntype = \"file\"\ninclude = [\"{name}\"]\n");
    let (a, b, sinks) = (source("a"), source("b"), sinks.concat());
    let text = format!("data_dir = \"data\"\nshutdown_timeout_secs = 0.2\n{a}{b}{sinks}");
    write(folder, "config.toml", text);
}

fn track(user: &str, id: &str) -> String {
    format!("{{\"type\":\"track\",\"userId\":\"{user}\",\"messageId\":\"{id}\",\"event\":\"X\"}}\n")
}

/// So many events of one user, in order.
fn tracks(user: &str, count: usize) -> String {
    (0..count).map(|number| track(user, &format!("{user}{number:03}"))).collect()
}

/// The ids of a user's events as they came.
fn ids(emulated: &Emulated, user: &str) -> Vec<String> {
    let requests = emulated.requests();
    let of_user = requests.iter().map(|it| &it["body"]).filter(|it| it["userId"] == user);
    of_user.map(|it| it["messageId"].as_str().expect("it has one").to_owned()).collect()
}

fn config() -> [&'static str; 2] {
    ["run", "config.toml"]
}

fn counts(ended: &Ended, sink: &str) -> [u64; 4] {
    let block = ended.of_sink(sink);
    ["events read", "delivered", "rejected", "still owed"].map(|name| block.count(name))
}

#[test]
fn each_source_goes_to_every_sink_that_names_it() {
    let (outside, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) =
        (Emulated::start(outside.path(), "right"), Emulated::start(other.path(), "right"));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a", tracks("ann", 200));
    write(folder.path(), "b", tracks("ben", 100));
    let sinks = [
        sink("one", "\"a\"", &one.url(), ""),
        sink("two", "\"b\", \"a\"", &two.url(), "mode = \"inbound\""),
    ];
    configure(folder.path(), &sinks);
    let ended = run(folder.path(), &config()).expect(0);
    assert_eq!(counts(&ended, "one"), [200, 200, 0, 0]);
    assert_eq!(counts(&ended, "two"), [300, 300, 0, 0]);
    for (emulated, user, count) in [(&one, "ann", 200), (&two, "ann", 200), (&two, "ben", 100)] {
        let ids = ids(emulated, user);
        assert!(ids.len() == count && ids.is_sorted(), "{ids:?}");
    }
    assert_eq!(ids(&one, "ben"), Vec::<String>::new());
    let again = run(folder.path(), &config()).expect(0);
    assert_eq!(again.of_sink("two").count("events read"), 0);
}

#[test]
fn a_slow_sink_does_not_hold_up_another_and_the_checkpoint_waits_for_it() {
    let outside = tempfile::tempdir().unwrap();
    let fast = Emulated::start(outside.path(), "right");
    let slow = HeldServer::start();
    let folder = tempfile::tempdir().unwrap();
    // As many as the slow sink's buffer takes, and a few that its queue takes, each of another user.
    let events = (0..60).map(|number| track(&number.to_string(), &number.to_string()));
    write(folder.path(), "a", events.collect::<String>());
    write(folder.path(), "b", "");
    let buffer = "buffer.max_events = 50";
    let sinks = |slow: &str| {
        [sink("fast", "\"a\", \"b\"", &fast.url(), ""), sink("slow", "\"a\"", slow, buffer)]
    };
    configure(folder.path(), &sinks(&slow.url()));
    let config_path = folder.path().join("config.toml");
    let text = std::fs::read_to_string(&config_path).unwrap();
    // Time for the fast one to hear its last answers, after which the slow one is given up.
    std::fs::write(config_path, text.replace("_secs = 0.2", "_secs = 1")).unwrap();
    let running = Running::start(folder.path(), &config());
    let arrived = slow.next();
    while fast.requests().len() < 60 {
        std::thread::yield_now();
    }
    running.terminate();
    let ended = running.end().expect(75);
    assert_eq!(counts(&ended, "fast"), [60, 60, 0, 0]);
    assert_eq!(counts(&ended, "slow"), [50, 0, 0, 50]);
    assert!(ended.stdout.contains("stopped before its end"), "{}", ended.stdout);
    drop(arrived);
    // Whatever the fast one has, the slow one has not: the source brings all of it to both again.
    configure(folder.path(), &sinks(&fast.url()));
    let ended = run(folder.path(), &config()).expect(0);
    assert_eq!(counts(&ended, "slow"), [60, 60, 0, 0]);
    assert_eq!(counts(&ended, "fast"), [60, 60, 0, 0]);
    let again = run(folder.path(), &config()).expect(0);
    assert_eq!(counts(&again, "slow"), [0, 0, 0, 0]);
}

#[test]
fn a_source_is_told_the_worst_end_and_so_is_whoever_started_the_run() {
    let outside = tempfile::tempdir().unwrap();
    let good = Emulated::start(outside.path(), "right");
    let bad = HeldServer::start();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a", track("ann", "1"));
    write(folder.path(), "b", "nonsense\n");
    let sinks = [
        sink("bad", "\"a\"", &bad.url(), "request.retry_attempts = 0"),
        sink("good", "\"*\"", &good.url(), ""),
    ];
    configure(folder.path(), &sinks);
    for (status, code, read) in [(500, 76, 2), (400, 65, 1), (400, 0, 0)] {
        let running = Running::start(folder.path(), &config());
        if read > 0 {
            bad.next().answer(status);
        }
        let ended = running.end().expect(code);
        assert_eq!(ended.of_sink("good").count("events read"), read, "{status}");
        let owed = u64::from(status == 500);
        assert_eq!(ended.of_sink("bad").count("still owed"), owed);
    }
    let letters = |sink: &str| -> Vec<Value> {
        let path = folder.path().join(format!("data/{sink}/dead-letters.ndjson"));
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (bad, good) = (letters("bad"), letters("good"));
    assert_eq!(
        (bad.len(), &bad[0]["origin"], &bad[0]["reason"]),
        (1, &"a:1".into(), &"answered".into())
    );
    assert_eq!((good.len(), &good[0]["origin"]), (1, &"b:1".into()));
}

#[test]
fn a_sink_that_is_held_outlasts_the_others_only_for_so_long() {
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a", tracks("ann", 3));
    write(folder.path(), "b", "");
    let sinks = [
        sink("held", "\"*\"", &emulated.url(), "api_key = \"wrong\""),
        sink("well", "\"a\"", &emulated.url(), ""),
    ];
    configure(folder.path(), &sinks);
    let ended = run(folder.path(), &config()).expect(75);
    assert_eq!(counts(&ended, "held"), [3, 0, 0, 3]);
    assert_eq!(counts(&ended, "well"), [3, 3, 0, 0]);
    let line = ended.stderr.lines().find(|line| line.contains("everything is kept"));
    let line = line.unwrap_or_else(|| panic!("{}", ended.stderr));
    assert!(line.contains("sink{name=\"held\"}"), "{line}");
}

#[test]
fn a_held_sink_leaves_another_its_buffers_worth_and_gets_everything_in_order_once_its_key_is_right()
{
    let (outside, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (held, well) =
        (Emulated::start(outside.path(), "right"), Emulated::start(other.path(), "right"));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "key", "wrong");
    write(folder.path(), "a", tracks("ann", 100));
    let key = "api_key_file = \"key\"\nbuffer.max_events = 20";
    let sinks = [sink("held", "\"a\"", &held.url(), key), sink("well", "\"a\"", &well.url(), "")];
    let source = "[sources.a]\ntype = \"file\"\ninclude = [\"a\"]\nfollow = true\n";
    let text = format!("data_dir = \"data\"\nshutdown_timeout_secs = 5\n{source}");
    write(folder.path(), "config.toml", text + &sinks.concat());
    let running = Running::start(folder.path(), &config());
    running.wait_for("everything is kept");
    // What the held one holds, and what waits for it.
    while ids(&well, "ann").len() < 20 {
        std::thread::yield_now();
    }
    assert!(ids(&well, "ann").len() < 100);
    write(folder.path(), "key", "right");
    let all: Vec<_> = (0..100).map(|number| format!("ann{number:03}")).collect();
    for emulated in [&well, &held] {
        while ids(emulated, "ann").last() != all.last() {
            std::thread::yield_now();
        }
        let mut came = ids(emulated, "ann");
        // What was refused came again.
        came.dedup();
        assert_eq!(came, all);
    }
    running.terminate();
    let ended = running.end().expect(0);
    for sink in ["held", "well"] {
        assert_eq!(counts(&ended, sink), [100, 100, 0, 0]);
    }
}

#[test]
fn nothing_is_shared_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let url = "http://127.0.0.1:9";
    let letters = |path: &str| format!("dead_letter.path = \"{path}\"");
    for (sinks, said) in [
        (
            [sink("x", "\"*\"", url, &letters("l")), sink("y", "\"a\"", url, &letters("./l"))],
            "sinks.y.dead_letter.path: sink `x` keeps its dead letters in l already",
        ),
        (
            [
                sink("x", "\"*\"", url, ""),
                sink("y", "\"a\"", url, &letters("data/x/dead-letters.ndjson")),
            ],
            "sinks.y.dead_letter.path: sink `x` keeps its dead letters in \
             data/x/dead-letters.ndjson already",
        ),
        (
            [
                sink("x", "\"*\"", url, "journal.max_size = 65536"),
                sink("y", "\"a\"", url, &letters("data/x/journal.old.ndjson")),
            ],
            "sinks.y.dead_letter.path: sink `x` keeps its journal in data/x/journal.old.ndjson already",
        ),
    ] {
        configure(folder.path(), &sinks);
        for command in ["validate", "run"] {
            let ended = run(folder.path(), &[command, "config.toml"]).expect(78);
            assert!(ended.stderr.contains(said), "{}", ended.stderr);
            assert!(ended.stderr.contains("choose another"), "{}", ended.stderr);
        }
    }
    let text =
        "data_dir = \"data\"\n[sources.a]\ntype = \"stdin\"\n[sources.b]\ntype = \"stdin\"\n";
    write(folder.path(), "config.toml", text.to_owned() + &sink("x", "\"*\"", url, ""));
    let ended = run(folder.path(), &["validate", "config.toml"]).expect(78);
    for said in ["sources.b.type: source `a` reads standard input already", "config.toml:5:1"] {
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}
