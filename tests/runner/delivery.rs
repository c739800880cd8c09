//! What is good arrives, what is bad is told with its place, and the exit code says which.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::process::{Emulated, Running, configure, dead_letters, files, folder, run, write};

#[test]
fn every_good_event_is_delivered_and_every_bad_one_is_told_with_its_line() {
    let folder = folder("", &files("in.ndjson"), "");
    let lines = [
        r#"{"type":"identify","userId":"u1","messageId":"m1","traits":{"a":1}}"#,
        "nonsense",
        "",
        r#"{"type":"track","userId":"u1","messageId":"m2","event":"X"}"#,
        r#"{"type":"identify","userId":"..","messageId":"m3","traits":{}}"#,
        r#"{"userId":"u1"}"#,
        r#"{"type":"page","userId":"u1","messageId":"m4"}"#,
    ];
    let mut input = lines.join("\n").into_bytes();
    input.extend_from_slice(b"\n\xff\xfe\n{\"type\":\"identify\",\"userId\":\"u2\",\"traits\":{}}");
    write(folder.path(), "in.ndjson", input);
    let ended = run(folder.path(), &["run", "config.toml"]).expect(65);
    let counts = ["delivered", "skipped", "rejected", "still owed"].map(|name| ended.count(name));
    assert_eq!(counts, [3, 1, 4, 0], "{}", ended.stdout);
    let mut letters = dead_letters(folder.path());
    letters.sort_by_key(|letter| letter["origin"].to_string());
    let told: Vec<_> = letters
        .iter()
        .map(|letter| (letter["origin"].as_str().unwrap(), letter["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("in.ndjson:2", "unreadable"),
            ("in.ndjson:5", "refused"),
            ("in.ndjson:6", "unreadable"),
            ("in.ndjson:8", "unreadable"),
        ]
    );
    assert_eq!(letters[0]["record_text"], "nonsense");
    assert_eq!(letters[1]["record"]["messageId"], "m3");
    assert!(letters[2]["detail"].as_str().unwrap().contains("`type`"));
    assert_eq!(letters[3]["record_base64"], "//4=");
    assert!(!ended.stderr.contains("right"), "the key must not be logged");
}

#[test]
fn arrays_packed_files_and_long_lines_are_read() {
    let folder = folder("", &(files("*.in*") + "\nmax_line_bytes = 200"), "");
    let identify =
        |id: &str| format!(r#"{{"type":"identify","userId":"{id}","traits":{{"a":1}}}}"#);
    let array = format!("[\n  {},\n  {}\n]\n", identify("a"), identify("b"));
    write(folder.path(), "1.in", array);
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    let long = "x".repeat(300);
    write!(zip, "{}\n{long}\n{}\n", identify("c"), identify("d")).unwrap();
    write(folder.path(), "2.in.gz", zip.finish().unwrap());
    write(
        folder.path(),
        "3.in",
        "{\n  \"type\": \"identify\",\n  \"userId\": \"e\",\n  \"traits\": {}\n}\n",
    );
    let ended = run(folder.path(), &["run", "config.toml"]).expect(65);
    assert_eq!((ended.count("delivered"), ended.count("rejected")), (5, 1));
    let letters = dead_letters(folder.path());
    assert_eq!(letters[0]["origin"], "2.in.gz:2");
    assert!(letters[0]["detail"].as_str().unwrap().contains("may take 200 bytes"));
}

#[test]
fn standard_input_is_read_to_its_end() {
    let folder = folder("", "type = \"stdin\"", "");
    let mut running = Running::start(folder.path(), &["run", "config.toml"]);
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(b"{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}\nbad").unwrap();
    drop(stdin);
    let ended = running.end().expect(65);
    assert_eq!((ended.count("delivered"), ended.count("rejected")), (1, 1));
    assert_eq!(dead_letters(folder.path())[0]["origin"], "stdin:2");
}

#[test]
fn a_source_that_cannot_be_read_costs_no_other_and_shows_in_the_exit_code() {
    let folder = folder("", "type = \"file\"\ninclude = [\"none\", \"a.gz\", \"b\"]", "");
    write(folder.path(), "a.gz", "not packed");
    write(folder.path(), "b", "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}");
    let ended = run(folder.path(), &["run", "config.toml"]).expect(66);
    assert_eq!(ended.count("delivered"), 1);
    assert!(ended.stderr.contains("no file matches `none`"), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot open a.gz"), "{}", ended.stderr);
    assert!(ended.stdout.contains("2 problems"), "{}", ended.stdout);
}

#[test]
fn a_pattern_that_matches_nothing_is_no_failure_where_another_matches() {
    let folder = folder("", "type = \"file\"\ninclude = [\"*.gz\", \"b*\"]", "");
    write(folder.path(), "b", "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}");
    let ended = run(folder.path(), &["run", "config.toml"]).expect(0);
    assert!(ended.stderr.contains("WARN"), "{}", ended.stderr);
    assert!(ended.stderr.contains("no file matches `*.gz`"), "{}", ended.stderr);
    std::fs::remove_file(folder.path().join("b")).unwrap();
    run(folder.path(), &["run", "config.toml"]).expect(66);
}

#[test]
fn a_wrong_key_holds_everything_and_the_next_run_delivers_it() {
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    let folder = folder(&emulated.url(), &files("in"), "api_key = \"other-4711\"");
    write(folder.path(), "in", "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}\n");
    let ended = run(folder.path(), &["run", "config.toml"]).expect(75);
    assert_eq!(ended.count("still owed"), 1);
    assert!(!ended.stderr.contains("other-4711"), "the key must not be logged");
    configure(folder.path(), &emulated.url(), &files("in"), "");
    let ended = run(folder.path(), &["run", "config.toml"]).expect(0);
    assert_eq!(ended.count("delivered"), 1);
    assert_eq!(emulated.summary()["inbound"], json!(1));
}

#[test]
fn a_key_that_is_exchanged_in_its_file_ends_a_hold() {
    let outside = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(outside.path(), "right");
    let folder = folder(&emulated.url(), &files("in"), "api_key_file = \"key\"");
    let config = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    let config = config.replace("shutdown_timeout_secs = 0.2", "shutdown_timeout_secs = 600");
    write(folder.path(), "config.toml", config);
    write(folder.path(), "key", "other-4711\n");
    let events = (0..20).map(|at| {
        format!(
            "{{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\",\"messageId\":\"m{at:02}\"}}\n"
        )
    });
    write(folder.path(), "in", events.collect::<String>());
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    running.wait_for("everything is kept");
    // Replaced as a whole, as whoever hands out secrets does.
    let fresh = write(folder.path(), "key.new", "right\n");
    std::fs::rename(fresh, folder.path().join("key")).unwrap();
    let ended = running.end().expect(0);
    assert_eq!(ended.count("delivered"), 20);
    let answered = emulated.requests();
    let answered = answered.iter().filter(|it| it["status"] == 202);
    let order: Vec<_> = answered.map(|it| it["body"]["messageId"].to_string()).collect();
    assert!(order.len() == 20 && order.is_sorted(), "{order:?}");
}

#[cfg(unix)]
#[test]
fn letters_that_others_could_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("", "type = \"stdin\"", "[sinks.out.dead_letter]\npath = \"letters\"");
    let letters = write(folder.path(), "letters", "");
    std::fs::set_permissions(&letters, PermissionsExt::from_mode(0o644)).unwrap();
    let ended = run(folder.path(), &["run", "config.toml"]).expect(70);
    assert!(ended.stderr.contains("chmod 600"), "{}", ended.stderr);
}
