//! What is logged and how: JSON, levels by target, the first lines, repeats, and the progress bar.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process::{Ended, binary, run, write};

const KEY: &str = "pk_test_SECRET";

/// A run over `events` tracks of as many users, against an emulator inside. `emulator` and `sink` are added to their blocks.
fn folder(events: usize, emulator: &str, sink: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    let config = format!(
        "data_dir = \"data\"\n[emulator]\naddress = \"127.0.0.1:0\"\napi_key = \"{KEY}\"\n{emulator}\n\
         [sources.in]\ntype = \"file\"\ninclude = [\"in.ndjson\"]\n\
         [sinks.out]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"{KEY}\"\n{sink}\n"
    );
    write(folder.path(), "config.toml", config);
    let track = |user: usize| {
        format!(
            "{{\"type\":\"track\",\"userId\":\"u{user}\",\"messageId\":\"{user}\",\"event\":\"X\"}}\n"
        )
    };
    write(folder.path(), "in.ndjson", (0..events).map(track).collect::<String>());
    folder
}

/// The lines of the log, each of which must be an object that says how bad it is, who says it and what.
fn lines(ended: &Ended) -> Vec<Value> {
    let parse = |line: &str| {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |member: &str| line.get(member).and_then(Value::as_str);
        assert!(text("timestamp").is_some() && text("level").is_some(), "{line}");
        let target = text("target").expect("each line says whose it is");
        assert!(text("message").is_some() || !target.starts_with("courier_sink"), "{line}");
        line
    };
    ended.stderr.lines().map(parse).collect()
}

fn said<'a>(lines: &'a [Value], message: &str) -> &'a Value {
    let line = lines.iter().find(|line| line["message"] == message);
    line.unwrap_or_else(|| panic!("no {message:?} in {lines:#?}"))
}

#[test]
fn as_json_each_line_is_an_object_and_none_holds_a_secret_whatever_is_asked_for() {
    let folder = folder(3, "", "");
    for level in ["info", "trace"] {
        let format = ["--log-format", "json", "--log-level", level];
        let ended = run(folder.path(), &[&["run", "config.toml"], &format[..]].concat()).expect(0);
        let lines = lines(&ended);
        assert!(lines.iter().any(|line| line["level"] == "INFO"));
        assert_eq!(lines.iter().any(|line| line["level"] == "TRACE"), level == "trace");
        assert!(!ended.stderr.contains(KEY), "{}", ended.stderr);
        std::fs::remove_dir_all(folder.path().join("data")).unwrap();
    }
}

#[test]
fn the_first_lines_say_which_program_which_configuration_and_which_limits() {
    let limits = "request = { rate_limit_num = 70, concurrency = 3, timeout_secs = 9, retry_attempts = 4, \
                  classes.journeys = { rate_limit_num = 5, rate_limit_burst = 2 } }\n\
                  buffer = { type = \"disk\", max_size = 16777216, max_events = 123 }\nacknowledgements = false\n\
                  ordering_max_wait_secs = 60\nexpires_after_secs = 3600\n\
                  expires_after_secs_by_event = { \"Code Sent\" = 600 }";
    let folder = folder(1, "", limits);
    let ended = run(folder.path(), &["run", "config.toml", "--log-format", "json"]).expect(0);
    let lines = lines(&ended);
    let start = said(&lines, "starts");
    assert_eq!(start, &lines[0]);
    assert_eq!(
        (&start["version"], &start["config"]),
        (&env!("CARGO_PKG_VERSION").into(), &"config.toml".into())
    );
    assert_eq!((&start["sources"], &start["shutdown_timeout_secs"]), (&1.into(), &60.0.into()));
    let limits = said(&lines, "its limits");
    for (name, value) in [
        ("sink", Value::from("out")),
        ("rate", "70 in 1 s, 3 at once".into()),
        ("class_rates", "journeys: 5 in 1 s, 2 at once".into()),
        ("disk_max_bytes", 16_777_216.into()),
        ("ordering_max_wait_secs", 60.0.into()),
        ("expires", "all: 3600 s; \"Code Sent\": 600 s".into()),
        ("concurrency", "3".into()),
        ("retry_attempts", "4".into()),
        ("timeout_secs", 9.0.into()),
        ("max_events", 123.into()),
        ("acknowledgements", false.into()),
    ] {
        assert_eq!(limits[name], value, "{name} in {limits}");
    }
}

#[test]
fn levels_are_by_target_and_the_command_line_counts_before_the_environment() {
    let folder = folder(1, "", "");
    let log = |arguments: &[&str], environment: &str| {
        let mut command = binary();
        command.args(["run", "config.toml", "--log-format", "json"]).args(arguments);
        command.current_dir(folder.path()).env("RUST_LOG", environment);
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let ended = Ended { code: 0, stdout: String::new(), stderr };
        let targets =
            lines(&ended).into_iter().map(|line| line["target"].as_str().unwrap().to_owned());
        targets.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(log(&[], "error"), [""; 0]);
    assert_eq!(
        log(&["--log-level", "error,courier_sink::cli=info"], "trace"),
        ["courier_sink::cli::run"]
    );
    let both = log(&["--log-level", "warn"], "warn,courier_sink::runner=info");
    assert_eq!(both, [""; 0], "what is typed counts");
    let runner = log(&[], "warn,courier_sink::runner=info");
    assert!(
        !runner.is_empty() && runner.iter().all(|it| it.starts_with("courier_sink::runner")),
        "{runner:?}"
    );
}

#[test]
fn what_is_said_again_and_again_is_said_seldom_and_with_how_often_it_was_not() {
    let faults = "[emulator.faults]\nseed = 1\n[emulator.faults.error_503]\nprobability = 0.6";
    let request = "request = { retry_initial_backoff_secs = 0.01, retry_max_duration_secs = 0.02 }";
    let folder = folder(40, faults, request);
    let ended = run(folder.path(), &["run", "config.toml", "--log-format", "json"]).expect(0);
    let retries = ended.count("retries");
    let lines = lines(&ended);
    let repeated =
        lines.iter().filter(|line| line["message"] == "attempt failed, will be repeated");
    let told: Vec<_> = repeated.collect();
    // One in ten seconds; however slow the machine is, most are not told.
    assert!(
        retries > 20 && told.len() * 4 < usize::try_from(retries).unwrap(),
        "{retries} {told:#?}"
    );
    let first = told.first().expect("the first is told");
    assert_eq!((&first["level"], &first["suppressed"]), (&"WARN".into(), &0.into()));
}

/// Of the lines that begin with `message`: how many there are, and the first.
fn told<'a>(lines: &'a [Value], message: &str) -> (usize, &'a Value) {
    let is_it = |line: &&Value| line["message"].as_str().is_some_and(|it| it.starts_with(message));
    let told: Vec<_> = lines.iter().filter(is_it).collect();
    (told.len(), *told.first().unwrap_or_else(|| panic!("no {message:?} in {lines:#?}")))
}

#[test]
fn of_many_events_that_go_back_the_first_is_told() {
    let faults = "[emulator.faults.error_503]\nprobability = 1.0";
    let folder = folder(600, faults, "request.retry_attempts = 0");
    let ended = run(folder.path(), &["run", "config.toml", "--log-format", "json"]).expect(75);
    // Those it took in before the first went back: the rest is left for the next run.
    assert!(ended.count("still owed") > 30, "{}", ended.stdout);
    let lines = lines(&ended);
    let (count, first) = told(&lines, "not delivered: the event and those behind it");
    // One in ten seconds, however slow the machine is.
    assert!(count < 30, "{count}");
    assert_eq!((&first["level"], &first["suppressed"]), (&"ERROR".into(), &0.into()));
    assert_eq!(first["origin"], "in.ndjson:1");
}

#[cfg(unix)]
#[test]
fn of_many_letters_that_cannot_be_kept_the_first_is_told() {
    let folder = folder(0, "", "");
    write(folder.path(), "in.ndjson", "no event\n".repeat(600));
    let program = binary().get_program().to_str().unwrap().to_owned();
    // No file may be larger than half a KiB.
    let script =
        format!("trap '' XFSZ; ulimit -f 1; exec {program} run config.toml --log-format json");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(folder.path());
    let ended = crate::process::Running::spawn(&mut command).end();
    let lines = lines(&ended);
    let (count, first) = told(&lines, "a dead letter cannot be kept");
    assert!(count < 30 && ended.count("still owed") > 300, "{count} {}", ended.stdout);
    assert_eq!((&first["level"], &first["suppressed"]), (&"ERROR".into(), &0.into()));
}

#[test]
fn checkpoints_that_cannot_be_written_are_told_once_in_a_while() {
    let folder = folder(40, "", "request = { rate_limit_num = 10, rate_limit_burst = 1 }");
    let arguments = ["run", "config.toml", "--log-format", "json"];
    let running = crate::process::Running::start(folder.path(), &arguments);
    running.wait_for("Courier answers and takes the API key");
    let place = folder.path().join("data/in");
    while !place.exists() {
        std::thread::yield_now();
    }
    std::fs::rename(&place, folder.path().join("away")).unwrap();
    write(folder.path(), "data/in", "");
    // It takes four seconds, in each of which it tries.
    let lines = lines(&running.end().expect(70));
    let (count, first) = told(&lines, "checkpoints ");
    assert_eq!((count, &first["suppressed"]), (1, &0.into()), "{lines:#?}");
}

/// About as long as the bar takes to be drawn five times.
const SLOWLY: &str =
    "request = { rate_limit_num = 1, rate_limit_duration_secs = 0.1, rate_limit_burst = 1 }";

#[test]
fn without_a_terminal_there_is_no_bar_and_nothing_moves_a_cursor() {
    let ended = run(folder(10, "", SLOWLY).path(), &["run", "config.toml"]).expect(0);
    let moves = |it: char| it.is_control() && it != '\n';
    assert!(!ended.stderr.contains(moves), "{:?}", ended.stderr);
    assert!(!ended.stdout.contains(moves), "{:?}", ended.stdout);
}

/// `script` gives a command a terminal; the system's own package of basics has it.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_there_is_a_bar_that_is_gone_at_the_end() {
    let folder = folder(10, "", SLOWLY);
    let program = binary().get_program().to_str().unwrap().to_owned();
    let run = format!("{program} run config.toml");
    let mut command = Command::new("script");
    command.args(["-q", "-e", "-c", &run, "/dev/null"]).env("TERM", "xterm");
    let output =
        command.current_dir(folder.path()).stdin(std::process::Stdio::null()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let size = Path::metadata(&folder.path().join("in.ndjson")).unwrap().len();
    assert!(shown.contains(&format!("/{size} B, ")), "{shown:?}");
    // What stands before the summary is cleared.
    let (before, _) = shown.split_once("events read").expect("the summary is told");
    assert!(before.ends_with("\u{1b}[2K") || before.ends_with('\r'), "{before:?}");
}
