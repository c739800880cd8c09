//! Configurations: those shipped are right, and a wrong one says where, what and what to do.

use std::path::Path;

use crate::process::{binary, folder, run, write};

const GOOD: &str = r#"data_dir = "d"

[sources.in]
type = "file"
include = ["a.ndjson"]

[sinks.courier]
type = "courier"
inputs = ["in"]
api_key = "k"
"#;

#[test]
fn every_example_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config-examples");
    let mut count = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let ended = run(&folder, &["validate", "--no-files", path.to_str().unwrap()]).expect(0);
            assert!(ended.stdout.ends_with(": Validated\n"), "{}", ended.stdout);
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn a_wrong_configuration_gives_path_line_and_remedy() {
    let folder = folder("", "", "");
    write(folder.path(), "good.toml", GOOD);
    write(folder.path(), "a.ndjson", "");
    run(folder.path(), &["validate", "good.toml"]).expect(0);
    let add = |text: &str| (String::new(), text.to_owned());
    let swap = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    for ((from, to), place, remedy) in [
        (swap("include", "inlcude"), "5:1: sources.in.inlcude: ", "did you mean `include`?"),
        (swap("\"file\"", "\"fle\""), "4:1: sources.in.type: ", "did you mean `file`?"),
        (swap("[\"in\"]", "[\"inn\"]"), ":9:", "did you mean `in`?"),
        (
            swap("api_key = \"k\"", ""),
            ": sinks.courier.api_key: ",
            "set `api_key` or `api_key_file`",
        ),
        (
            swap("\"k\"", "\"${KEY_OF_NOBODY:?put it there}\""),
            "10:1: sinks.courier.api_key: ",
            "put it there",
        ),
        (swap("data_dir = \"d\"", ""), "1:1: data_dir: ", "set it to a folder"),
        (swap("\"a.", "\"a[."), "5:1: sources.in.include: ", "write `[[]`"),
        (add("mode = \"inbond\""), "11:1: sinks.courier.mode: ", "did you mean `inbound`?"),
        (
            add("batch.max_event = 5"),
            ": sinks.courier.batch.max_event: ",
            "did you mean `max_events`?",
        ),
        (
            add("request.timeout_secs = 0"),
            ": sinks.courier.request.timeout_secs: ",
            "must be more than 0",
        ),
        (
            add("[[sinks.courier.automations]]\non = \"trakc/X\"\ntemplate = \"t\""),
            "12:1: sinks.courier.automations[0].on: ",
            "did you mean `track`?",
        ),
        (
            add("[[sinks.courier.automations]]\non = \"track/X\""),
            "11:1: sinks.courier.automations[0]: ",
            "set one of `template`, `journey` and `steps`",
        ),
    ] {
        let text = if from.is_empty() { format!("{GOOD}{to}\n") } else { GOOD.replace(&from, &to) };
        assert_ne!(text, GOOD);
        write(folder.path(), "bad.toml", &text);
        let ended = run(folder.path(), &["run", "bad.toml"]).expect(78);
        let line = ended.stderr.lines().find(|line| line.contains(remedy));
        let line = line.unwrap_or_else(|| panic!("{remedy} is not in {}", ended.stderr));
        assert!(line.starts_with("bad.toml:") && line.contains(place), "{line}");
        // Shown with its line, the same is said.
        let place = line.trim_start_matches("bad.toml:").split(": ").next().unwrap();
        let shown = run(folder.path(), &["validate", "bad.toml"]).expect(78).stderr;
        assert!(shown.contains(&format!("--> bad.toml:{place}\n")), "{shown}");
        assert!(shown.contains(remedy), "{shown}");
    }
}

#[test]
fn the_command_line_has_its_own_code_and_help_tells_them_all() {
    let folder = folder("", "", "");
    run(folder.path(), &["walk"]).expect(2);
    run(folder.path(), &["emulate", "--address", "nowhere"]).expect(2);
    run(folder.path(), &["validate", "x", "--log-level", "a=b=c"]).expect(2);
    let help = run(folder.path(), &["run", "--help"]).expect(0).stdout;
    for code in ["0", "2", "65", "66", "70", "75", "76", "78"] {
        assert!(help.contains(&format!("{code:>4}  ")), "{code} in {help}");
    }
    let ended = run(folder.path(), &["validate", "absent.toml"]).expect(78);
    assert!(ended.stderr.starts_with("absent.toml: cannot be read: "), "{}", ended.stderr);
}

#[test]
fn what_cannot_be_read_is_told_the_same_by_every_command() {
    let folder = folder("", "type = \"stdin\"", "");
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    write(folder.path(), "latin", b"data_dir = \"caf\xe9\"");
    for (name, why) in [
        ("absent", "No such file or directory (os error 2)"),
        ("folder", "Is a directory (os error 21)"),
        ("latin", "line 1 is not UTF-8 text"),
    ] {
        for command in [&["validate"][..], &["run", "--log-level", "error"], &["plan"]] {
            let ended = run(folder.path(), &[command, &[name]].concat()).expect(78);
            assert_eq!(ended.stderr, format!("{name}: cannot be read: {why}"), "{command:?}");
        }
    }
}

#[test]
fn a_key_file_that_is_not_there_is_a_mistake_of_the_configuration() {
    let folder = folder("", "type = \"stdin\"", "api_key_file = \"absent\"");
    let ended = run(folder.path(), &["run", "config.toml"]).expect(78);
    assert!(ended.stderr.contains("absent"), "{}", ended.stderr);
}

#[test]
fn a_reader_that_is_gone_changes_no_exit_code() {
    let folder = folder("", "type = \"stdin\"", "");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = binary();
    command.args(["validate", "config.toml"]).current_dir(folder.path()).stdout(writer);
    assert_eq!(command.status().unwrap().code(), Some(0));
}
