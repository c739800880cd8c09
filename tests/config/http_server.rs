//! `type = "http_server"`: its options, its defaults, and what is wrong about it.

use std::num::NonZeroUsize;
use std::time::Duration;

use courier_sink::config::{
    Config, DoorConfig, HttpServerSource, ServerTls, SourceKind, WriteKey, WriteKeys,
};
use courier_sink::event::Trust;

use crate::{environment, wrong_whole};

const SINK: &str = "[sinks.out]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"pk_secret\"\n\
                    proxy.enabled = false\n[sources.in]\ntype = \"http_server\"\n";

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("the number is a literal above 0")
}

fn read(options: &str) -> HttpServerSource {
    let text = format!("{SINK}{options}");
    let mut config = Config::parse(&text, "config.toml", &environment).expect(options);
    let SourceKind::HttpServer(source) = config.sources.remove("in").expect("it is there").kind
    else {
        panic!("{text}");
    };
    source
}

/// Checks what is said about its options, which start at line 8.
fn wrong(options: &str, said: &[&str]) {
    let said: Vec<_> = said.iter().map(|it| format!("config.toml:{it}")).collect();
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    wrong_whole(&format!("{SINK}{options}"), &said);
}

#[test]
fn an_address_of_this_machine_is_enough() {
    let minute = Duration::from_secs(60);
    let expected = HttpServerSource {
        address: "127.0.0.1:8080".parse().unwrap(),
        tls: None,
        write_keys: WriteKeys::Anyone,
        path: "/v1/webhook".to_owned(),
        strict: false,
        gateway_fields: true,
        max_request_bytes: count(16 << 20),
        max_request_events: count(50_000),
        max_connections: count(512),
        max_connection_age: Duration::from_secs(300),
        header_timeout: minute,
        body_timeout: minute,
        door: DoorConfig {
            acknowledgement_timeout: Duration::from_secs(10),
            recent_events: count(100_000),
            max_in_flight_bytes: count(64 << 20),
        },
    };
    assert_eq!(read("address = \"127.0.0.1:8080\""), expected);
    assert_eq!(read("address = \"[::1]:0\"").write_keys, WriteKeys::Anyone);
}

#[test]
fn every_option_is_read() {
    let source = read(
        "address = \"0.0.0.0:80\"\n\
         write_keys = [\"web\", { key = \"${SPEED}\", trusted = true }, { key = \"app\" }]\n\
         path = \"/events\"\nstrict = true\ngateway_fields = false\nmax_request_bytes = 1\n\
         max_request_events = 2\nmax_connections = 3\nkeepalive.max_connection_age_secs = 4\n\
         header_timeout_secs = 5\nbody_timeout_secs = 6.5\nacknowledgement_timeout_secs = 7\n\
         recent_events = 8\nmax_in_flight_bytes = 9\n\
         tls = { crt_file = \"c\", key_file = \"k\", ca_file = \"a\" }",
    );
    let key = |key, trust| WriteKey::new(key, trust).unwrap();
    let keys = vec![
        key("web", Trust::Untrusted),
        key("pk_secret", Trust::Trusted),
        key("app", Trust::Untrusted),
    ];
    let expected = HttpServerSource {
        address: "0.0.0.0:80".parse().unwrap(),
        tls: Some(ServerTls {
            crt_file: "c".into(),
            key_file: "k".into(),
            ca_file: Some("a".into()),
        }),
        write_keys: WriteKeys::Listed(keys),
        path: "/events".to_owned(),
        strict: true,
        gateway_fields: false,
        max_request_bytes: count(1),
        max_request_events: count(2),
        max_connections: count(3),
        max_connection_age: Duration::from_secs(4),
        header_timeout: Duration::from_secs(5),
        body_timeout: Duration::from_millis(6500),
        door: DoorConfig {
            acknowledgement_timeout: Duration::from_secs(7),
            recent_events: count(8),
            max_in_flight_bytes: count(9),
        },
    };
    assert_eq!(source, expected);
    assert!(!format!("{source:?}").contains("pk_secret"));
    let followed = read("address = \"0.0.0.0:80\"\nwrite_keys_file = \"keys\"");
    assert_eq!(followed.write_keys, WriteKeys::File("keys".into()));
}

#[test]
fn a_certificate_and_its_key_belong_together() {
    let options = "address = \"127.0.0.1:0\"\ntls.crt_file = \"c\"";
    wrong(
        options,
        &["9:1: sources.in.tls.key_file: is missing, set both `crt_file` and `key_file`"],
    );
    assert_eq!(read("address = \"127.0.0.1:0\"\ntls = { enabled = false }").tls, None);
}

#[test]
fn others_than_this_machine_need_a_key() {
    for address in ["0.0.0.0:1", "192.0.2.1:1", "[::]:1"] {
        wrong(
            &format!("address = \"{address}\""),
            &[
                "8:1: sources.in.address: others than this machine can reach it, and there are no write keys, \
               set `write_keys` or `write_keys_file`, or an address such as `127.0.0.1:8080`",
            ],
        );
    }
}

#[test]
fn no_mistake_about_keys_shows_one() {
    let address = "address = \"127.0.0.1:0\"\n";
    for (keys, said) in [
        (
            "write_keys = []",
            "9:1: sources.in.write_keys: must not be empty, \
             list a key for each client or group of clients",
        ),
        (
            "write_keys = \"pk_secret\"",
            "9:1: sources.in.write_keys: expected an array, was a string",
        ),
        (
            "write_keys = [\"pk_secret:\"]",
            "9:15: sources.in.write_keys[0]: the write key holds white space, a colon or another \
             character that cannot stand in a user name of HTTP",
        ),
        (
            "write_keys = [5]",
            "9:15: sources.in.write_keys[0]: expected a string or a table such as \
             `{ key = \"…\", trusted = true }`, was an integer",
        ),
        (
            "write_keys = [\"pk_secret\", { key = \"pk_secret\", trusted = true }]",
            "9:28: sources.in.write_keys[1]: is there twice",
        ),
        (
            "write_keys = [{ trusted = true }]",
            "9:15: sources.in.write_keys[0].key: is missing, set it to the write key",
        ),
        (
            "write_keys = [{ key = \"pk_secret\", trust = true }]",
            "9:36: sources.in.write_keys[0].trust: unknown option, did you mean `trusted`?",
        ),
        (
            "write_keys = [\"pk_secret\"]\nwrite_keys_file = \"f\"",
            "10:1: sources.in.write_keys_file: `write_keys` is set too, keep one of the two",
        ),
    ] {
        wrong(&format!("{address}{keys}"), &[said]);
    }
}

#[test]
fn what_else_is_wrong_is_said_at_once() {
    wrong(
        "path = \"events\"\nmax_line_bytes = 5\nmax_connections = 0\nbody_timeout_secs = 0\n\
         recent_events = \"many\"\n[sources.in.keepalive]\nage = 3",
        &[
            "6:10: sources.in.address: is missing, set it as in `127.0.0.1:8080`",
            "8:1: sources.in.path: expected a path such as `/v1/webhook`, of letters, digits, `/`, \
             `_`, `-`, `.`, `~`, was the string \"events\"",
            "9:1: sources.in.max_line_bytes: unknown option, known here: `type`, `address`, \
             `write_keys`, `write_keys_file`, `path`, `tls`, `strict`, `gateway_fields`, \
             `max_request_bytes`, `max_request_events`, `max_connections`, `header_timeout_secs`, \
             `body_timeout_secs`, `keepalive`, `acknowledgement_timeout_secs`, `recent_events`, \
             `max_in_flight_bytes`",
            "10:1: sources.in.max_connections: must be between 1 and 1000000, was 0",
            "11:1: sources.in.body_timeout_secs: must be more than 0 and at most 31536000 (a year), \
             was the integer 0",
            "12:1: sources.in.recent_events: expected an integer, between 1 and 100000000, \
             was the string \"many\"",
            "14:1: sources.in.keepalive.age: unknown option, known here: `max_connection_age_secs`",
        ],
    );
    for path in ["/", "/health", "/v1/batch", "/beacon/v1/batch", "/pixel/v1/page"] {
        wrong(
            &format!("address = \"127.0.0.1:0\"\npath = \"{path}\""),
            &[
                "9:1: sources.in.path: is taken by RudderStack's own routes, choose one such as `/events`",
            ],
        );
    }
    wrong(
        "address = \"localhost:80\"",
        &[
            "8:1: sources.in.address: expected an IP address with a port, such as `127.0.0.1:8080`, \
           was the string \"localhost:80\"",
        ],
    );
}
