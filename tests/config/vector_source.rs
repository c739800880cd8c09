//! `type = "vector"`: what its options are made into, and what is said about wrong ones.

use std::time::Duration;

use courier_sink::config::{Config, ServerTls, SourceKind, VectorSource};
use courier_sink::event::Trust;

use crate::{environment, wrong_whole};

const SINK: &str = "[sinks.out]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"pk_secret\"\n\
                    proxy.enabled = false\n[sources.in]\ntype = \"vector\"\n";

fn source(options: &str) -> VectorSource {
    let text = format!("{SINK}{options}");
    let mut config = Config::parse(&text, "config.toml", &environment).expect("it is right");
    let source = config.sources.remove("in").expect("there is one");
    let SourceKind::Vector(source) = source.kind else { panic!("{source:?}") };
    source
}

/// The options start at line 8.
fn wrong(options: &str, said: &[&str]) {
    let said: Vec<_> = said.iter().map(|it| format!("config.toml:{it}")).collect();
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    wrong_whole(&format!("{SINK}{options}"), &said);
}

#[test]
fn only_the_address_is_required() {
    let source = source("address = \"127.0.0.1:6000\"");
    assert_eq!(source.address.to_string(), "127.0.0.1:6000");
    assert_eq!(source.tls, None);
    assert_eq!(source.trust, Trust::Trusted);
    let names: Vec<_> = source.except_fields.iter().map(|path| path.join(".")).collect();
    let added = ["source_type", "host", "path", "port", "file"];
    assert_eq!(names[..5], added);
    assert!(!names.contains(&"timestamp".to_owned()));
    assert_eq!(source.max_request_bytes.get(), 104_857_600);
    assert_eq!(source.max_request_events.get(), 50_000);
    assert_eq!(source.max_event_bytes.get(), 4_096_000);
    assert_eq!(source.max_connections.get(), 512);
    assert_eq!(source.body_timeout, Duration::from_secs(60));
    assert_eq!(source.keepalive_interval, Duration::from_secs(60));
    assert_eq!(source.keepalive_timeout, Duration::from_secs(20));
    assert_eq!(source.door.acknowledgement_timeout, Duration::from_secs(10));
}

#[test]
fn every_option_can_be_set() {
    let source = source(
        "address = \"[::]:1\"\nversion = \"2\"\ntrusted = false\n\
         encoding.except_fields = [\"a\", \".b.c\"]\n\
         tls = { enabled = true, crt_file = \"c\", key_file = \"k\", ca_file = \"a\" }\n\
         max_request_bytes = 1\nmax_request_events = 2\nmax_event_bytes = 3\nmax_connections = 4\n\
         body_timeout_secs = 0.5\nkeepalive = { interval_secs = 6, timeout_secs = 7 }\n\
         acknowledgement_timeout_secs = 8\nrecent_events = 9\nmax_in_flight_bytes = 10",
    );
    let tls = ServerTls { crt_file: "c".into(), key_file: "k".into(), ca_file: Some("a".into()) };
    assert_eq!(source.tls, Some(tls));
    assert_eq!(source.trust, Trust::Untrusted);
    assert_eq!(source.except_fields, [vec!["a"], vec!["b", "c"]]);
    let numbers = [
        source.max_request_bytes,
        source.max_request_events,
        source.max_event_bytes,
        source.max_connections,
        source.door.recent_events,
        source.door.max_in_flight_bytes,
    ];
    assert_eq!(numbers.map(std::num::NonZeroUsize::get), [1, 2, 3, 4, 9, 10]);
    let times = [source.body_timeout, source.keepalive_interval, source.keepalive_timeout];
    assert_eq!(times.map(|time| time.as_millis()), [500, 6000, 7000]);
    assert_eq!(source.door.acknowledgement_timeout, Duration::from_secs(8));
}

#[test]
fn files_of_tls_are_not_used_where_it_is_off() {
    let options = "address = \"[::]:1\"\ntls = { enabled = false, crt_file = \"c\" }";
    assert_eq!(source(options).tls, None);
    assert_eq!(source("address = \"[::]:1\"\nencoding.except_fields = []").except_fields.len(), 0);
}

#[test]
fn every_mistake_is_told() {
    wrong("", &["6:10: sources.in.address: is missing, set it as in `127.0.0.1:6000`"]);
    wrong(
        "address = \"localhost\"\nversion = \"1\"\ntrusted = 1\nmax_request_bytes = 0\n\
         max_line_bytes = 1\nmax_connections = 1000001\nbody_timeout_secs = 0",
        &[
            "8:1: sources.in.address: expected an IP address with a port, such as `127.0.0.1:8080`, \
             was the string \"localhost\"",
            "9:1: sources.in.version: expected `2`, was the string \"1\", did you mean `2`?",
            "10:1: sources.in.trusted: expected a boolean, was the integer 1",
            "11:1: sources.in.max_request_bytes: must be between 1 and 1073741824, was 0",
            "12:1: sources.in.max_line_bytes: unknown option, did you mean `max_event_bytes`?",
            "13:1: sources.in.max_connections: must be between 1 and 1000000, was 1000001",
            "14:1: sources.in.body_timeout_secs: must be more than 0 and at most 31536000 (a year), \
             was the integer 0",
        ],
    );
    wrong(
        "address = \"[::]:1\"\nencoding.except_fields = [\"a..b\", \"a[0]\", \"\\\"a.b\\\"\", 1]\n\
         encoding.codec = \"json\"\nkeepalive.interval = 1",
        &[
            "9:27: sources.in.encoding.except_fields[0]: expected a path of names such as \
             `properties.debug`, was the string \"a..b\"",
            "9:35: sources.in.encoding.except_fields[1]: expected a path of names such as \
             `properties.debug`, was the string \"a[0]\"",
            "9:43: sources.in.encoding.except_fields[2]: expected a path of names such as \
             `properties.debug`, was the string \"\\\"a.b\\\"\"",
            "9:54: sources.in.encoding.except_fields[3]: expected a string, was the integer 1",
            "10:10: sources.in.encoding.codec: unknown option, known here: `except_fields`",
            "11:11: sources.in.keepalive.interval: unknown option, known here: `interval_secs`, \
             `timeout_secs`",
        ],
    );
    wrong(
        "address = \"[::]:1\"\ntls.ca_file = \"a\"",
        &[
            "9:1: sources.in.tls.crt_file: is missing, set both `crt_file` and `key_file`",
            "9:1: sources.in.tls.key_file: is missing, set both `crt_file` and `key_file`",
        ],
    );
}
