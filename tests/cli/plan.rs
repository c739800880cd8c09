//! What `plan` shows is what is sent, byte for byte and in the same order; and what it shows of what is not.

use std::path::Path;
use std::sync::Arc;

use courier_sink::clock::Clock;
use courier_sink::config::Config;
use courier_sink::emulator::{Emulator, LoggedRequest, Settings};
use courier_sink::sink::{Context, CourierSink, LogOnly, Record};
use courier_sink::transport::{BaseUrl, Transport};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use crate::contract;
use crate::process::{Ended, binary, run, write};

const EVENTS: &str = "config-examples/quickstart.ndjson";

/// One request, as far as both tell it.
#[derive(Debug, PartialEq)]
struct Seen {
    method: String,
    path: String,
    key: Option<String>,
    body: String,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    requests: Vec<Planned>,
}

#[derive(Deserialize)]
struct Planned {
    method: String,
    path: String,
    idempotency_key: Option<String>,
    body: Option<Box<RawValue>>,
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The quickstart, where tenants are not read first.
fn replacing() -> String {
    let text = std::fs::read_to_string(repository().join("config-examples/quickstart.toml"));
    let text = text.expect("it is there");
    text.replace("api_key =", "tenant_write = \"replace\"\nbatch.max_events = 1\napi_key =")
}

fn planned(ended: &Ended) -> Vec<Seen> {
    let lines = ended.stdout.lines().filter(|line| !line.starts_with("{\"totals\""));
    let lines = lines.map(|line| serde_json::from_str::<Line>(line).expect("each line is JSON"));
    let seen = |it: Planned| Seen {
        method: it.method,
        path: it.path,
        key: it.idempotency_key,
        body: it.body.map_or_else(String::new, |body| body.get().to_owned()),
    };
    lines.flat_map(|line| line.requests).map(seen).collect()
}

/// Sends each event once the one before has ended, so that none is merged with another.
async fn sent(config: &str) -> Vec<Seen> {
    let emulator = Emulator::bind(Settings::default()).await.expect("a port is free");
    let (courier, address) = (emulator.courier(), emulator.local_addr());
    let _watched = contract::watch(&courier);
    let stop = CancellationToken::new();
    let serving = emulator.serve(stop.clone().cancelled_owned());
    let config = Config::parse(config, "quickstart.toml", &|_| None).expect("it is right");
    let sink = config.sinks.get("courier").expect("it is there").courier.clone();
    let transport = courier_sink::transport::Settings {
        endpoint: BaseUrl::new(&format!("http://{address}")).expect("it is a URL"),
        ..sink.transport_settings().expect("the key is in it")
    };
    let transport = Transport::new(&transport).expect("it is clear text");
    let context = Context {
        dead_letters: Arc::new(LogOnly),
        tally: Arc::default(),
        seed: 7,
        clock: Clock::system(),
    };
    let (mut handle, worker) = CourierSink::pair(sink.settings, transport, context);
    let events = std::fs::read_to_string(repository().join(EVENTS)).expect("it is there");
    let send = async move {
        for (chance, line) in (1..).zip(events.lines()) {
            let ready = handle.ready().await.expect("the worker runs");
            ready.call(Record::new(line.to_owned(), chance)).await.expect("it has an end");
        }
        drop(handle);
    };
    let work = async {
        tokio::join!(send, worker.run());
        stop.cancel();
    };
    let (served, ()) = tokio::join!(serving, work);
    served.expect("the emulator serves");
    courier.requests().iter().map(logged).collect()
}

fn logged(request: &LoggedRequest) -> Seen {
    Seen {
        method: request.method.to_string(),
        path: request.path.to_string(),
        key: request.idempotency_key.clone(),
        body: String::from_utf8(request.body.to_vec()).expect("JSON is text"),
    }
}

#[tokio::test]
async fn what_is_planned_is_what_courier_receives_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let config = replacing();
    let path = write(folder.path(), "replacing.toml", &config);
    let ended = run(repository(), &["plan", path.to_str().unwrap(), EVENTS]).expect(0);
    let (planned, sent) = (planned(&ended), Box::pin(sent(&config)).await);
    assert!(planned.len() > 1000, "{}", planned.len());
    for (planned, sent) in planned.iter().zip(&sent) {
        assert_eq!(planned, sent);
    }
    assert_eq!(planned.len(), sent.len());

    let totals = ended.stdout.lines().last().unwrap();
    let totals: Value = serde_json::from_str(totals).unwrap();
    assert_eq!(totals["totals"]["requests_sum"], sent.len());
}

#[test]
fn no_key_is_needed_and_none_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let config = replacing();
    for key in ["api_key = \"${KEY_OF_NOBODY}\"", "api_key_file = \"/nowhere/key\"", ""] {
        let config = config.replace("api_key = \"any-key-will-do-here\"", key);
        // Nor is the emulator's.
        let config = config.replace("[emulator]", "[emulator]\napi_key = \"${KEY_OF_NOBODY}\"");
        let path = write(folder.path(), "keyless.toml", &config);
        let mut command = binary();
        command.args(["plan", path.to_str().unwrap(), EVENTS]).current_dir(repository());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_people_are_shown_of_events_cannot_move_the_cursor_nor_turn_text_around() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "config.toml", replacing());
    let nasty = "\u{9b}2J\u{202e}\u{2067}\u{7f}\u{85}";
    let events = [
        format!(
            r#"{{"type":"track","userId":"a{nasty}","messageId":"m{nasty}","event":"e{nasty}","properties":{{"p{nasty}":"{nasty}\\u001b[2J"}}}}"#
        ),
        format!(r#"{{"type":"identify","userId":"..","messageId":"m{nasty}"}}"#),
        format!(r#"{{"type":"{nasty}","userId":"a"}}"#),
    ];
    write(folder.path(), "events", events.join("\n"));
    let ended = run(folder.path(), &["plan", "--pretty", "config.toml", "events"]).expect(65);
    let raw = |letter: &char| nasty.contains(*letter) && !"2J".contains(*letter);
    assert!(!ended.stdout.chars().any(|letter| raw(&letter)), "{:?}", ended.stdout);
    for shown in ["e\u{fffd}2J\u{fffd}", "\\u009b2J\\u202e\\u2067\\u007f\\u0085", "\\u001b[2J"] {
        assert!(ended.stdout.contains(shown), "{shown} in {}", ended.stdout);
    }
}

#[test]
fn packed_input_reads_as_unpacked_and_what_breaks_off_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read(repository().join(EVENTS)).unwrap();
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zip, &text).unwrap();
    write(folder.path(), "events.gz", zip.finish().unwrap());
    write(folder.path(), "events", &text);
    write(folder.path(), "broken", "{\"type\":\"track\",\"userId\":\"ann\"}\n{\"type\":\"tra");
    write(folder.path(), "config.toml", replacing());
    let plan = |name: &str| run(folder.path(), &["plan", "config.toml", name]);
    let (packed, unpacked) = (plan("events.gz").expect(0), plan("events").expect(0));
    assert_eq!(packed.stdout.replace("events.gz:", "events:"), unpacked.stdout);
    let broken = plan("broken").expect(66);
    assert!(broken.stdout.starts_with("{\"sink\":\"courier\",\"origin\":\"broken:1\""));
    assert_eq!(broken.stderr, "broken:2: the input ends within this record");
    let absent = plan("absent").expect(66);
    assert!(absent.stderr.starts_with("absent: cannot be read: "), "{}", absent.stderr);
}

#[test]
fn standard_input_is_planned_like_a_file_by_its_name_and_without_one() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "config.toml", replacing());
    let events = std::fs::read(repository().join(EVENTS)).unwrap();
    write(folder.path(), "stdin", &events);
    let file = run(folder.path(), &["plan", "config.toml", "stdin"]).expect(0);
    for arguments in [&["plan", "config.toml", "-"][..], &["plan", "config.toml"]] {
        let input = std::fs::File::open(folder.path().join("stdin")).unwrap();
        let mut command = binary();
        let output = command.args(arguments).current_dir(folder.path()).stdin(input).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), file.stdout);
    }
}

const TWO_SINKS: &str = r#"
sources.in.type = "stdin"

[sinks.a]
type = "courier"
inputs = ["in"]
mode = "inbound"
dead_letter.path = "a"

[sinks.b]
type = "courier"
inputs = ["in"]
expires_after_secs = 60
dead_letter.path = "b"
"#;

/// Plans `events` of standard input with two sinks; each line is JSON.
fn planned_twice(arguments: &[&str], events: &str) -> (Vec<Value>, i32) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "two.toml", TWO_SINKS);
    write(folder.path(), "one.toml", TWO_SINKS.split("[sinks.b]").next().unwrap());
    write(folder.path(), "events", events);
    let arguments = [&["plan"], arguments, &["two.toml", "events"]].concat();
    let ended = run(folder.path(), &arguments);
    let lines = ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line));
    (lines.collect(), ended.code)
}

#[test]
fn each_sink_has_its_line_and_an_event_of_many_lines_becomes_one() {
    let event = "{\n\"type\":\"track\",\r\n\"userId\":\"ann\",\"messageId\":\"m\",\n\
                 \"receivedAt\":\"2020-01-01T00:00:00Z\",\"event\":\"x\\ny\"}";
    let (lines, code) = planned_twice(&[], event);
    assert_eq!((lines.len(), code), (4, 65));
    assert_eq!(lines[0]["sink"], "a");
    assert_eq!(lines[0]["requests"][0]["path"], "/inbound/rudderstack");
    assert_eq!(lines[0]["requests"][0]["body"]["event"], "x\ny");
    // Too old for the other one, unless age is not to count.
    assert_eq!(lines[1]["rejected"], "expired");
    let (lines, code) = planned_twice(&["--ignore-expiry"], event);
    assert_eq!((&lines[1]["requests"][0]["method"], code), (&Value::from("POST"), 0));
    let (lines, _) = planned_twice(&["--sink", "b", "--ignore-expiry"], event);
    assert_eq!((lines.len(), &lines[0]["sink"]), (2, &Value::from("b")));
}

#[test]
fn a_sink_that_only_one_of_two_configurations_has_differs_in_every_event() {
    let event = r#"{"type":"identify","userId":"ann","messageId":"m","traits":{"a":1}}"#;
    let (lines, code) = planned_twice(&["--diff", "one.toml"], event);
    assert_eq!(code, 0);
    assert_eq!((&lines[0]["sink"], &lines[0]["after"]), (&Value::from("b"), &Value::Null));
    assert_eq!((&lines[1]["same"], &lines[1]["different"]), (&Value::from(1), &Value::from(1)));
    assert_eq!(lines[3]["totals"]["after"], Value::Null);
}

#[test]
fn who_is_not_trusted_starts_no_automation() {
    let event = r#"{"type":"track","userId":"ann","messageId":"m","event":"x",
        "properties":{"courier":{"automation":{"template":"t"}}}}"#;
    let path = |lines: &[Value]| lines[1]["requests"][0]["path"].clone();
    assert_eq!(path(&planned_twice(&[], event).0), "/automations/t/invoke");
    let (lines, _) = planned_twice(&["--untrusted"], event);
    assert_eq!(path(&lines), "/inbound/rudderstack");
    assert_eq!(lines[1]["ignored_inline"], true);
}
