//! `type = "file"`: what its options are made into, and what is said about wrong ones.

use std::time::Duration;

use courier_sink::config::{Config, FileOrder, FileSource, FollowFiles, ReadFrom, SourceKind};

use crate::{environment, wrong_whole};

const BEFORE: &str = "data_dir = \"d\"\n[sinks.out]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"pk_secret\"\n\
                      proxy.enabled = false\n[sources.in]\ntype = \"file\"\n";

fn source(options: &str) -> FileSource {
    let text = format!("{BEFORE}include = [\"a\"]\n{options}");
    let mut config = Config::parse(&text, "config.toml", &environment).expect("it is right");
    let source = config.sources.remove("in").expect("there is one");
    let SourceKind::File(source) = source.kind else { panic!("{source:?}") };
    source
}

/// The options start at line 9.
fn wrong(options: &str, said: &[&str]) {
    let said: Vec<_> = said.iter().map(|it| format!("config.toml:{it}")).collect();
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    wrong_whole(&format!("{BEFORE}{options}"), &said);
}

#[test]
fn files_are_read_to_their_end_oldest_first_unless_it_says_otherwise() {
    let expected = FileSource {
        include: vec!["a".to_owned()],
        exclude: Vec::new(),
        ignore_checkpoints: false,
        order: FileOrder::Oldest,
        ignore_older: None,
        follow: None,
    };
    assert_eq!(source(""), expected);
    assert_eq!(source("follow = false"), expected);
    let follow = FollowFiles {
        read_from: ReadFrom::Beginning,
        glob_cooldown: Duration::from_secs(1),
        rotate_wait: Duration::from_secs(300),
    };
    assert_eq!(source("follow = true"), FileSource { follow: Some(follow), ..expected });
}

#[test]
fn every_option_can_be_set() {
    let source = source(
        "exclude = [\"b\"]\nignore_checkpoints = true\noldest_first = false\nignore_older_secs = 86400\n\
         follow = true\nread_from = \"end\"\nglob_minimum_cooldown_ms = 250\nrotate_wait_secs = 1.5",
    );
    let expected = FileSource {
        include: vec!["a".to_owned()],
        exclude: vec!["b".to_owned()],
        ignore_checkpoints: true,
        order: FileOrder::Path,
        ignore_older: Some(Duration::from_secs(86400)),
        follow: Some(FollowFiles {
            read_from: ReadFrom::End,
            glob_cooldown: Duration::from_millis(250),
            rotate_wait: Duration::from_millis(1500),
        }),
    };
    assert_eq!(source, expected);
}

#[test]
fn every_mistake_is_told() {
    wrong(
        "include = [\"a\"]\nfollow = \"yes\"\noldest_first = 1\nignore_older_secs = 0\nfingerprint.strategy = \"checksum\"",
        &[
            "10:1: sources.in.follow: expected a boolean, was the string \"yes\"",
            "11:1: sources.in.oldest_first: expected a boolean, was the integer 1",
            "12:1: sources.in.ignore_older_secs: must be more than 0 and at most 31536000 (a year), \
             was the integer 0",
            "13:1: sources.in.fingerprint: unknown option, known here: `type`, `include`, `exclude`, \
             `ignore_checkpoints`, `oldest_first`, `ignore_older_secs`, `follow`, `read_from`, \
             `glob_minimum_cooldown_ms`, `rotate_wait_secs`, `max_line_bytes`",
        ],
    );
    wrong(
        "include = [\"a\"]\nfollow = true\nread_from = \"begining\"\nglob_minimum_cooldown_ms = 0\nrotate_wait_secs = -1",
        &[
            "11:1: sources.in.read_from: expected `beginning` or `end`, was the string \"begining\", \
             did you mean `beginning`?",
            "12:1: sources.in.glob_minimum_cooldown_ms: must be between 1 and 3600000, was 0",
            "13:1: sources.in.rotate_wait_secs: must be more than 0 and at most 31536000 (a year), \
             was the integer -1",
        ],
    );
}

#[test]
fn options_of_following_are_mistakes_where_nothing_is_followed() {
    let remedy =
        "has a meaning only where files are followed, set `follow = true`, or leave it out";
    wrong(
        "include = [\"a\"]\nread_from = \"end\"\nglob_minimum_cooldown_ms = 9\nrotate_wait_secs = 1",
        &[
            &format!("10:1: sources.in.read_from: {remedy}"),
            &format!("11:1: sources.in.glob_minimum_cooldown_ms: {remedy}"),
            &format!("12:1: sources.in.rotate_wait_secs: {remedy}"),
        ],
    );
}
