//! Who may write, and what the trusted may that others may not.

use serde_json::json;

use crate::client::{Answer, Source, folder, track};
use crate::process::{Emulated, write};

/// `user:password` as HTTP's basic scheme has it.
fn basic(credentials: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let bits = bytes
            .iter()
            .chain(&[0; 3])
            .take(3)
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let digit = |at: usize| {
            let digit = DIGITS.chars().nth(bits >> (18 - 6 * at) & 63);
            digit.filter(|_| at <= bytes.len()).unwrap_or('=')
        };
        (0..4).map(digit).collect::<String>()
    };
    let digits: String = credentials.as_bytes().chunks(3).map(group).collect();
    format!("Basic {digits}")
}

fn send(source: &Source, authorization: &str, id: &str) -> Answer {
    let headers = [("authorization", authorization)];
    let headers = if authorization.is_empty() { &[][..] } else { &headers };
    source.send("POST /v1/batch", headers, format!("{{\"batch\":[{}]}}", track("u", id)))
}

#[test]
fn only_a_known_key_lets_in_and_the_password_does_not_matter() {
    let folder = folder("", "write_keys = [\"web\", { key = \"server\", trusted = true }]");
    let source = Source::start(folder.path());
    let missing = (401, "failed to read writekey from header\n");
    for (authorization, answer) in [
        (basic("web:"), (200, "ok")),
        (basic("web:anything"), (200, "ok")),
        (basic("server:"), (200, "ok")),
        (basic("webb:"), (401, "invalid write key\n")),
        (basic("we:b"), (401, "invalid write key\n")),
        (basic(":web"), missing),
        (basic("web"), missing),
        ("Bearer web".to_owned(), missing),
        ("Basic web:".to_owned(), missing),
        ("Basic".to_owned(), missing),
        (String::new(), missing),
    ] {
        let got = send(&source, &authorization, "1");
        assert_eq!((got.status, got.body.as_str()), answer, "{authorization}");
    }
    let body = "{\"type\":\"page\"}";
    assert_eq!(source.post("/v1/webhook?writeKey=server", body).status, 200);
    assert_eq!(source.post("/v1/webhook?writeKey=x", body).body, "invalid write key\n");
    let beacon = source.post("/beacon/v1/batch", body);
    assert_eq!(beacon.body, "failed to read writekey from query params\n");
    let ended = source.stop().expect(0);
    assert_eq!(ended.stderr.matches("a request is refused").count(), 3, "{}", ended.stderr);
    assert!(!ended.stderr.contains("webb"), "{}", ended.stderr);
}

#[test]
fn a_file_of_keys_is_followed() {
    let folder = folder("", "write_keys_file = \"keys\"");
    write(folder.path(), "keys", "old\n");
    let source = Source::start(folder.path());
    assert_eq!(send(&source, &basic("old:"), "1").status, 200);
    assert_eq!(send(&source, &basic("new:"), "2").status, 401);
    write(folder.path(), "keys.part", "new trusted\n");
    std::fs::rename(folder.path().join("keys.part"), folder.path().join("keys")).unwrap();
    source.running.wait_for("the write keys were read again");
    assert_eq!(send(&source, &basic("old:"), "3").status, 401);
    assert_eq!(send(&source, &basic("new:"), "4").status, 200);
    write(folder.path(), "keys", "broken key\n");
    source.running.wait_for("the keys from before stay in use");
    assert_eq!(send(&source, &basic("new:"), "5").status, 200);
    source.stop().expect(0);
}

#[test]
fn a_file_that_holds_no_keys_lets_nobody_in_at_the_start() {
    let folder = folder("", "write_keys_file = \"keys\"");
    write(folder.path(), "keys", "# none\n");
    let ended = crate::process::run(folder.path(), &["run", "config.toml"]).expect(66);
    assert!(ended.stderr.contains("must hold at least one key"), "{}", ended.stderr);
}

#[test]
fn what_an_untrusted_writer_says_of_automations_is_ignored_and_counted() {
    let courier_folder = tempfile::tempdir().unwrap();
    let courier = Emulated::start(courier_folder.path(), "right");
    let keys = "write_keys = [\"web\", { key = \"server\", trusted = true }]";
    let folder = folder(&courier.url(), keys);
    let source = Source::start(folder.path());
    let event = |id| {
        let courier = json!({"automation": {"template": "welcome", "data": {"n": 1}}});
        let event = json!({
            "type": "track", "event": "X", "userId": "u", "messageId": id,
            "properties": {"courier": courier},
        });
        event.to_string()
    };
    for (key, id) in [("web:", "1"), ("server:", "2")] {
        let headers = [("authorization", basic(key))];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(source.send("POST /v1/track", &headers, event(id)).body, "ok");
    }
    let ended = source.stop().expect(0);
    assert_eq!(ended.count("delivered"), 2);
    let paths: Vec<_> = courier.requests().iter().map(|it| it["path"].clone()).collect();
    assert_eq!(paths, ["/inbound/rudderstack", "/automations/welcome/invoke"]);
    assert!(!courier.requests()[0].to_string().contains("welcome"));
    let inline = &courier.requests()[0]["body"]["properties"]["courier"]["automation"];
    assert_eq!(*inline, json!({"data": {"n": 1}}));
    assert_eq!(ended.count("inline automations ignored"), 1, "{}", ended.stdout);
}
