//! Files that are followed while events of them are rejected, expire, are given up or go back: order stays, nothing is
//! lost, and what has ended for good is not read again.

use crate::following::{append, event, events, expect, start, stop};
use crate::held_server::HeldServer;
use crate::process::{dead_letters, folder, write};

/// Follows `log*`; the first failed attempt of an event is the only one for long.
fn following(server: &HeldServer, sink: &str) -> tempfile::TempDir {
    let source =
        "type = \"file\"\ninclude = [\"log*\"]\nfollow = true\nglob_minimum_cooldown_ms = 20";
    let sink = format!("request.retry_jitter_mode = \"None\"\n{sink}");
    folder(&server.url(), source, &sink)
}

#[test]
fn what_went_back_comes_again_in_its_order_before_what_was_added_meanwhile() {
    let server = HeldServer::start();
    let folder = following(&server, "request.retry_attempts = 0");
    // Two events of one record, and one behind them.
    let record = format!("[{},{}]\n", event(1).trim(), event(2).trim());
    write(folder.path(), "log", event(0) + &record + &event(3));
    let running = start(folder.path());
    expect(&server, 0..1);
    let failing = server.next();
    append(folder.path(), "log", &event(4));
    failing.answer(500);
    running.wait_for("read again, before anything newer");
    append(folder.path(), "log", &event(5));
    expect(&server, 1..6);
    running.terminate();
    // What went back was delivered all the same, so nothing is owed.
    let ended = running.end().expect(0);
    assert_eq!((ended.count("delivered"), ended.count("still owed")), (6, 0));
    assert_eq!(ended.count("events read"), 6 + ended.count("read again"));
    append(folder.path(), "log", &event(6));
    let running = start(folder.path());
    expect(&server, 6..7);
    stop(running, 1);
}

#[test]
fn of_a_record_that_comes_again_what_was_delivered_does_not_undo_what_is_newer() {
    let server = HeldServer::start();
    let folder = following(&server, "request.retry_attempts = 0\nrequest.concurrency = 3");
    let identify = |user: &str, id: &str| {
        format!(
            "{{\"type\":\"identify\",\"userId\":\"{user}\",\"messageId\":\"{id}\",\"traits\":{{\"at\":\"{id}\"}}}}"
        )
    };
    let both = format!("{{\"batch\":[{},{}]}}\n", identify("u", "u1"), identify("v", "old"));
    write(folder.path(), "log", both);
    let running = start(folder.path());
    let (one, other) = (server.next(), server.next());
    let (failing, old) =
        if one.line.contains("/profiles/u ") { (one, other) } else { (other, one) };
    old.answer(202);
    append(folder.path(), "log", &(identify("v", "new") + "\n"));
    let new = server.next();
    assert!(new.body.contains("new"), "{}", new.body);
    new.answer(202);
    failing.answer(500);
    running.wait_for("read again, before anything newer");
    let again = server.next();
    assert!(again.body.contains("u1"), "{} {}", again.line, again.body);
    again.answer(202);
    running.terminate();
    assert_eq!(running.end().expect(0).count("delivered"), 3);
}

#[test]
fn followers_of_a_rejected_event_become_letters_and_what_is_added_goes_on() {
    let server = HeldServer::start();
    let folder = following(&server, "on_rejected = \"dead_letter_followers\"");
    write(folder.path(), "log", events(0..3));
    let running = start(folder.path());
    server.next().answer(400);
    while dead_letters(folder.path()).len() < 3 {
        std::thread::yield_now();
    }
    append(folder.path(), "log", &event(3));
    expect(&server, 3..4);
    running.terminate();
    assert_eq!(running.end().expect(65).count("rejected"), 3);
    let letters = dead_letters(folder.path());
    let origins: Vec<_> = letters.iter().map(|letter| letter["origin"].clone()).collect();
    assert_eq!(origins, ["log:1", "log:2", "log:3"]);
    append(folder.path(), "log", &event(4));
    let running = start(folder.path());
    expect(&server, 4..5);
    stop(running, 1);
}

#[test]
fn an_event_that_expired_is_a_letter_once_though_one_behind_it_went_back() {
    let server = HeldServer::start();
    let folder = following(&server, "expires_after_secs = 86400\nrequest.retry_attempts = 0");
    let old = event(0).replace("\"type\"", "\"receivedAt\":\"2001-01-01T00:00:00Z\",\"type\"");
    write(folder.path(), "log", old + &events(1..3));
    let running = start(folder.path());
    server.next().answer(500);
    running.wait_for("read again, before anything newer");
    expect(&server, 1..3);
    running.terminate();
    assert_eq!(running.end().expect(65).count("rejected"), 1);
    let letters = dead_letters(folder.path());
    assert_eq!((letters.len(), &letters[0]["reason"]), (1, &"expired".into()));
}

#[test]
fn a_user_that_is_stuck_for_too_long_is_tried_again_in_order_and_others_are_not_sent_twice() {
    let server = HeldServer::start();
    let folder = following(
        &server,
        "ordering_max_wait_secs = 1\nrequest.concurrency = 1\nrequest.retry_initial_backoff_secs = 30",
    );
    write(folder.path(), "log", events(0..2) + &event(9).replace("ann", "ben"));
    let running = start(folder.path());
    server.next().answer(503);
    expect(&server, 9..10);
    running.wait_for("read again, before anything newer");
    expect(&server, 0..2);
    running.terminate();
    assert_eq!(running.end().expect(0).count("delivered"), 3);
}
