//! Listing, showing and dropping, which need no Courier.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{folder, run, write};
use crate::server::{ids, keep, kept, letter, replay, track};

const OLD: &str = "2020-01-01T00:00:00.000Z";
const FUTURE: &str = "2999-01-01T00:00:00.000Z";

fn file() -> TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    let identify =
        json!({"type": "identify", "userId": "ann", "messageId": "i", "traits": {"n": 1}});
    let unreadable = json!({
        "at": FUTURE, "reason": "unreadable", "detail": "no JSON", "origin": "in:3", "record_text": "nonsense",
    });
    keep(
        folder.path(),
        "f",
        &[
            letter(OLD, &track("a")),
            letter(FUTURE, &identify),
            unreadable,
            letter(OLD, &track("b")),
        ],
    );
    folder
}

fn listed(folder: &TempDir, filter: &[&str]) -> Vec<u64> {
    let arguments = [&["dead-letters", "ls", "f", "--json"], filter].concat();
    let ended = run(folder.path(), &arguments).expect(0);
    let line = |text: &str| -> Option<u64> {
        let letter: Value = serde_json::from_str(text).ok()?;
        letter.get("line")?.as_u64()
    };
    ended.stdout.lines().map(|text| line(text).expect("each has its number")).collect()
}

#[test]
fn a_record_that_is_null_is_one_all_the_same() {
    let folder = tempfile::tempdir().expect("there is room");
    let null = json!({
        "at": FUTURE, "reason": "unreadable", "detail": "was null", "origin": "in:3", "record": null,
    });
    let none = json!({"at": FUTURE, "reason": "unreadable", "detail": "?", "origin": "in:4"});
    keep(folder.path(), "f", &[null, none]);
    assert_eq!(listed(&folder, &["--reason", "unreadable"]), [1]);
}

#[test]
fn filters_say_which_letters_are_meant() {
    let folder = file();
    for (filter, lines) in [
        (&[][..], &[1, 2, 3, 4][..]),
        (&["--reason", "unreadable"], &[3]),
        (&["--event", "track"], &[1, 4]),
        (&["--event", "Identify", "--event", "track/Order Completed"], &[1, 2, 4]),
        (&["--event", "track/Other"], &[]),
        (&["--user", "ann"], &[2]),
        (&["--message-id", "b", "--message-id", "i"], &[2, 4]),
        (&["--older-than", "1d"], &[1, 4]),
        (&["--newer-than", "1d"], &[2, 3]),
        (&["--older-than", "1d", "--user", "user-b"], &[4]),
    ] {
        assert_eq!(listed(&folder, filter), lines, "{filter:?}");
    }
    run(folder.path(), &["dead-letters", "ls", "f", "--older-than", "soon"]).expect(2);
    let ended =
        run(folder.path(), &["dead-letters", "ls", "f", "--reason", "unreadible"]).expect(2);
    assert!(ended.stderr.contains("unreadable"), "{}", ended.stderr);
    let ended = run(folder.path(), &["dead-letters", "ls", "none"]).expect(66);
    assert!(ended.stderr.contains("none: there is no such file"), "{}", ended.stderr);
}

#[test]
fn the_list_is_a_table_and_a_letter_is_shown_whole() {
    let folder = file();
    let listed = run(folder.path(), &["dead-letters", "ls", "f"]).expect(0).stdout;
    let lines: Vec<_> = listed.lines().collect();
    let column = lines[0].find("message id").unwrap();
    assert!(lines[1].get(column..).unwrap().starts_with("a "), "{listed}");
    assert!(lines[1].contains("track/Order Completed"), "{listed}");
    assert!(lines[3].contains("unreadable"), "{listed}");
    let shown = run(folder.path(), &["dead-letters", "show", "f", "i"]).expect(0).stdout;
    let value: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(value["record"]["traits"], json!({"n": 1}));
    assert!(shown.contains("\n    \"traits\": {\n"), "{shown}");
    let third = run(folder.path(), &["dead-letters", "show", "f", "3"]).expect(0).stdout;
    assert!(third.contains("nonsense"), "{third}");
    run(folder.path(), &["dead-letters", "show", "f", "nobody"]).expect(66);
}

#[test]
fn letters_are_dropped_only_on_a_clear_word() {
    let folder = file();
    let drop = ["dead-letters", "drop", "f", "--event", "track"];
    let ended = run(folder.path(), &drop).expect(2);
    assert!(ended.stderr.contains("for good: 2"), "{}", ended.stderr);
    assert_eq!(kept(folder.path(), "f").len(), 4);
    run(folder.path(), &[&drop[..], &["--yes"]].concat()).expect(0);
    assert_eq!(ids(&kept(folder.path(), "f")), ["i", "-"]);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing else is left");
}

#[test]
fn a_line_that_is_no_letter_is_listed_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{}\n{{\"torn\n\n", letter(OLD, &track("a")));
    write(folder.path(), "f", text);
    assert_eq!(listed(&folder, &["--reason", "damaged"]), [2]);
    run(folder.path(), &["dead-letters", "drop", "f", "--event", "track", "--yes"]).expect(0);
    let left = std::fs::read_to_string(folder.path().join("f")).unwrap();
    assert_eq!(left, "{\"torn\n");
}

#[test]
fn the_help_says_whose_lanes_and_pace_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["dead-letters", "replay", "--help"]).expect(0).stdout;
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Lanes and pace are this process's own"), "{help}");
}

#[cfg(unix)]
#[test]
fn a_file_without_letters_stays_where_it_is() {
    use std::os::unix::fs::MetadataExt;

    let folder = folder("http://127.0.0.1:9", "type = \"stdin\"", "");
    let file = |name| std::fs::metadata(folder.path().join(name)).unwrap().ino();
    for (name, text) in [("f", ""), ("g", "\n\n")] {
        write(folder.path(), name, text);
        let before = file(name);
        let replayed = run(folder.path(), &replay(name, &[])).expect(0);
        assert_eq!(replayed.stdout, format!("{name}: there is nothing to replay\n"));
        let drop = ["dead-letters", "drop", name, "--yes"];
        let dropped = run(folder.path(), &drop).expect(0);
        assert_eq!(dropped.stdout, format!("{name}: letters removed: 0\n"));
        assert_eq!(file(name), before, "it is the same file");
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), text);
    }
}

#[test]
fn a_file_of_something_else_is_let_be() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[sources.in]\ntype = \"stdin\"\n";
    write(folder.path(), "config.toml", config);
    for command in [
        &["ls", "config.toml"][..],
        &["show", "config.toml", "1"],
        &["drop", "config.toml", "--yes"],
    ] {
        let ended = run(folder.path(), &[&["dead-letters"], command].concat()).expect(66);
        assert!(ended.stderr.contains("none of its lines is a dead letter"), "{}", ended.stderr);
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("config.toml")).unwrap(), config);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
