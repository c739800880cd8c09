//! What is done is not done again, and what may be stale is not sent without a word.

use serde_json::json;

use crate::process::{files, folder, run, write};
use crate::server::{LETTERS, Server, ids, keep, kept, letter, replay, track};

#[test]
fn a_tenant_that_was_written_is_not_written_again_for_a_membership_that_was_refused() {
    let server = Server::start();
    let folder = folder(&server.url, &files("in"), "");
    let group = json!({"type": "group", "userId": "u", "groupId": "g", "messageId": "m", "traits": {"a": 1}});
    write(folder.path(), "in", group.to_string());
    server.refuse(2, "/users/", 422);
    run(folder.path(), &["run", "config.toml"]).expect(65);
    let before = server.courier.requests().len();
    let letters = kept(folder.path(), LETTERS);
    assert_eq!(letters[0]["steps_done"], json!([0]));
    assert_eq!((&letters[0]["step"], &letters[0]["status"]), (&json!(1), &json!(422)));

    run(folder.path(), &replay(LETTERS, &["--allow-stale"])).expect(65);
    let again = kept(folder.path(), LETTERS);
    assert_eq!((&again[0]["steps_done"], &again[0]["step"]), (&json!([0]), &json!(1)));
    assert_eq!(again[0]["generation"], json!(1));
    assert_eq!(again[0]["origin"], letters[0]["origin"], "it keeps its place");

    let ended = run(folder.path(), &replay(LETTERS, &["--allow-stale"])).expect(0);
    assert_eq!(ended.count("delivered"), 1);
    assert_eq!(server.seen(before), ["PUT /users/u/tenants/g", "PUT /users/u/tenants/g"]);
    assert_eq!(kept(folder.path(), LETTERS).len(), 0);
    assert_eq!(server.courier.members("g").len(), 1);
}

#[test]
fn identify_and_group_letters_need_a_word() {
    let server = Server::start();
    let folder = folder(&server.url, "type = \"stdin\"", "");
    let identify = json!({"type": "identify", "userId": "u", "messageId": "i", "traits": {"a": 1}});
    let group = json!({"type": "group", "userId": "u", "groupId": "g", "messageId": "g"});
    let at = "2020-01-01T00:00:00.000Z";
    let letters = [letter(at, &identify), letter(at, &track("t")), letter(at, &group)];
    keep(folder.path(), "f", &letters);
    let ended = run(folder.path(), &replay("f", &[])).expect(65);
    assert!(
        ended.stderr.contains("not sent: 2 events of type identify or group"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("--allow-stale"), "{}", ended.stderr);
    assert_eq!(server.seen(0), ["POST /inbound/rudderstack"]);
    assert_eq!(ids(&kept(folder.path(), "f")), ["i", "g"]);
    let ended = run(folder.path(), &replay("f", &["--allow-stale", "--user", "u"])).expect(0);
    assert_eq!(ended.count("delivered"), 2);
    assert_eq!(kept(folder.path(), "f").len(), 0);
}

#[test]
fn an_untrusted_writer_stays_untrusted_when_a_letter_is_sent_again() {
    let server = Server::start();
    let folder = folder(&server.url, "type = \"stdin\"", "");
    let mut event = track("t");
    event["properties"] =
        json!({"courier": {"automation": {"template": "theirs", "data": {"a": 1}}}});
    let mut untrusted = letter("2020-01-01T00:00:00.000Z", &event);
    untrusted["trusted"] = json!(false);
    event["messageId"] = json!("own");
    let trusted = letter("2020-01-01T00:00:00.000Z", &event);
    keep(folder.path(), "f", &[untrusted, trusted]);
    server.refuse(1, "/inbound", 400);
    let ended = run(folder.path(), &replay("f", &[])).expect(65);
    assert_eq!(ended.count("inline automations ignored"), 1);
    let letters = kept(folder.path(), "f");
    assert_eq!((ids(&letters), &letters[0]["trusted"]), (vec!["t"], &json!(false)));
    run(folder.path(), &replay("f", &[])).expect(0);
    let mut seen = server.seen(0);
    seen.sort();
    let inbound = "POST /inbound/rudderstack";
    assert_eq!(seen, ["POST /automations/theirs/invoke", inbound, inbound]);
    let inbound = server.courier.inbound();
    assert!(!inbound.iter().any(|it| String::from_utf8_lossy(&it.body).contains("theirs")));
}

#[test]
fn a_record_that_was_put_right_by_hand_is_what_counts() {
    let server = Server::start();
    let folder = folder(&server.url, "type = \"stdin\"", "");
    let mut fixed = letter("2020-01-01T00:00:00.000Z", &track("t"));
    fixed["reason"] = json!("unreadable");
    for name in ["type", "message_id", "user_id", "status", "step", "endpoint", "generation"] {
        fixed.as_object_mut().unwrap().remove(name);
    }
    let mut wrong = fixed.clone();
    wrong["record"] = json!({"userId": "u"});
    keep(folder.path(), "f", &[fixed, wrong.clone()]);
    let ended = run(folder.path(), &replay("f", &[])).expect(65);
    assert_eq!((ended.count("delivered"), ended.count("rejected")), (1, 0));
    // The other one would only be rejected again: it stays as it is.
    assert_eq!(kept(folder.path(), "f"), [wrong]);
    for told in ["`type`", "not sent: 1 letter that still cannot be read"] {
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    assert!(ended.stderr.contains("problem=\"`type`"), "{}", ended.stderr);
}

#[test]
fn of_several_sinks_the_one_whose_letters_they_are_sends_them() {
    let (server, other) = (Server::start(), Server::start());
    let folder = folder(&server.url, "type = \"stdin\"", "");
    let config = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    let second = format!(
        "[sinks.alike]\ntype = \"courier\"\ninputs = [\"in\"]\napi_key = \"right\"\nendpoint = \"{}\"\n\
         dead_letter.path = \"letters\"\n",
        other.url
    );
    write(folder.path(), "config.toml", config + &second);
    let at = "2020-01-01T00:00:00.000Z";
    std::fs::create_dir_all(folder.path().join("data/out")).unwrap();
    keep(folder.path(), LETTERS, &[letter(at, &track("a"))]);
    keep(folder.path(), "letters", &[letter(at, &track("b"))]);
    keep(folder.path(), "elsewhere", &[letter(at, &track("c"))]);
    run(folder.path(), &replay(LETTERS, &[])).expect(0);
    run(folder.path(), &replay("./letters", &[])).expect(0);
    let ended = run(folder.path(), &replay("elsewhere", &[])).expect(2);
    assert!(ended.stderr.contains("say `--sink NAME`"), "{}", ended.stderr);
    run(folder.path(), &replay("elsewhere", &["--sink", "out"])).expect(0);
    let requests = [server.courier.inbound(), other.courier.inbound()];
    let has = |sink: usize, user: &str| {
        requests[sink].iter().any(|it| String::from_utf8_lossy(&it.body).contains(user))
    };
    assert_eq!(["user-a", "user-b", "user-c"].map(|user| has(0, user)), [true, false, true]);
    assert_eq!(["user-a", "user-b", "user-c"].map(|user| has(1, user)), [false, true, false]);
}

#[test]
fn a_sink_that_is_not_there_is_named() {
    let folder = folder("http://127.0.0.1:9", "type = \"stdin\"", "");
    keep(folder.path(), "f", &[]);
    let ended = run(folder.path(), &replay("f", &["--sink", "other"])).expect(2);
    assert!(ended.stderr.contains("no sink `other`"), "{}", ended.stderr);
}

#[test]
fn what_was_replayed_is_not_replayed_again() {
    let server = Server::start();
    let folder = folder(&server.url, "type = \"stdin\"", "");
    keep(folder.path(), "f", &["a", "b"].map(|id| letter("2020-01-01T00:00:00.000Z", &track(id))));
    run(folder.path(), &replay("f", &[])).expect(0);
    run(folder.path(), &replay("f", &[])).expect(0);
    assert_eq!(server.seen(0).len(), 2, "each was sent once: what was delivered has left the file");
}

#[test]
fn expired_letters_need_a_word_and_are_then_sent_whatever_their_age() {
    let server = Server::start();
    let folder = folder(&server.url, &files("in"), "expires_after_secs = 60");
    let mut old = track("old");
    old["receivedAt"] = json!("2020-01-01T00:00:00Z");
    write(folder.path(), "in", old.to_string());
    run(folder.path(), &["run", "config.toml"]).expect(65);
    let listed = run(folder.path(), &["dead-letters", "ls", LETTERS, "--reason", "expired"]);
    assert!(listed.expect(0).stdout.contains("user-old"));
    let letters = kept(folder.path(), LETTERS);
    assert_eq!((&letters[0]["reason"], &letters[0]["generation"]), (&json!("expired"), &json!(0)));
    assert!(letters[0]["detail"].as_str().unwrap().ends_with("s old and expires after 60 s"));

    let ended = run(folder.path(), &replay(LETTERS, &[])).expect(65);
    assert!(ended.stderr.contains("not sent: 1 event that had expired"), "{}", ended.stderr);
    assert_eq!(server.seen(0).len(), 0);
    let ended = run(folder.path(), &replay(LETTERS, &["--ignore-expiry"])).expect(0);
    assert_eq!((ended.count("delivered"), kept(folder.path(), LETTERS).len()), (1, 0));
}

#[test]
fn a_letter_whose_event_has_become_too_old_since_expires_when_it_is_sent_again() {
    let server = Server::start();
    let folder = folder(&server.url, "type = \"stdin\"", "expires_after_secs = 60");
    let mut old = track("old");
    old["receivedAt"] = json!("2020-01-01T00:00:00Z");
    keep(folder.path(), "f", &[letter("2020-01-01T00:00:00.000Z", &old)]);
    run(folder.path(), &replay("f", &[])).expect(65);
    let letters = kept(folder.path(), "f");
    assert_eq!((&letters[0]["reason"], &letters[0]["generation"]), (&json!("expired"), &json!(1)));
    let ended = run(folder.path(), &replay("f", &["--ignore-expiry"])).expect(0);
    assert_eq!((ended.count("delivered"), server.seen(0).len()), (1, 1));
}
