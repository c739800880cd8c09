//! What a client is told of how its events ended, and that a resend makes no duplicate.

use crate::client::{Source, folder, track};
use crate::held_server::HeldServer;

const LATE: &str = "acknowledgement_timeout_secs = 0.05";

#[test]
fn the_answer_waits_for_courier() {
    let courier = HeldServer::start();
    let folder = folder(&courier.url(), "");
    let source = Source::start(folder.path());
    let mut client = source.connect();
    client.send("POST /v1/track", &[], track("u", "1"));
    let request = courier.next();
    client.0.set_nonblocking(true).unwrap();
    assert!(client.0.peek(&mut [0]).is_err());
    client.0.set_nonblocking(false).unwrap();
    request.answer(202);
    assert_eq!(client.answer().body, "ok");
    source.stop().expect(0);
}

#[test]
fn a_late_request_is_to_be_sent_again_and_its_resend_is_not_delivered_twice() {
    let courier = HeldServer::start();
    let folder = folder(&courier.url(), LATE);
    let source = Source::start(folder.path());
    let late = (503, "service unavailable\n".to_owned());
    assert_eq!(source.batch(&[&track("u", "1")]), late);
    let request = courier.next();
    assert_eq!(source.batch(&[&track("u", "1")]), late);
    request.answer(202);
    while source.batch(&[&track("u", "1")]) == late {}
    assert_eq!(source.batch(&[&track("u", "1")]), (200, "ok".to_owned()));
    let ended = source.stop().expect(0);
    assert_eq!((ended.count("delivered"), ended.count("track")), (1, 1), "{}", ended.stdout);
}

#[test]
fn a_used_id_does_not_hide_another_event() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    let other = track("u", "1").replace("\"X\"", "\"Y\"");
    assert_eq!(source.batch(&[&track("u", "1"), &other, &track("v", "1")]).0, 200);
    assert_eq!(source.batch(&[&other, &track("u", "1")]).0, 200);
    let ended = source.stop().expect(0);
    assert_eq!(ended.count("track"), 3, "{}", ended.stdout);
}

#[test]
fn events_of_a_client_that_hangs_up_go_on() {
    let courier = HeldServer::start();
    let folder = folder(&courier.url(), "");
    let source = Source::start(folder.path());
    let mut client = source.connect();
    client.send("POST /v1/track", &[], track("u", "1"));
    let request = courier.next();
    drop(client);
    request.answer(202);
    assert_eq!(source.batch(&[&track("u", "1")]).0, 200);
    let ended = source.stop().expect(0);
    assert_eq!(ended.count("delivered"), 1, "{}", ended.stdout);
}

#[test]
fn what_courier_refuses_for_good_is_safe_and_what_is_owed_is_to_be_sent_again() {
    let courier = HeldServer::start();
    let folder = folder(&courier.url(), "");
    let config = folder.path().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + "request.retry_attempts = 0\n").unwrap();
    let source = Source::start(folder.path());
    let mut client = source.connect();
    for (id, status, answer) in [
        ("1", 400, (200, "ok")),
        ("2", 500, (503, "service unavailable\n")),
        ("2", 202, (200, "ok")),
    ] {
        client.send("POST /v1/track", &[], track("u", id));
        courier.next().answer(status);
        let got = client.answer();
        assert_eq!((got.status, got.body.as_str()), answer, "{id} {status}");
    }
    let ended = source.stop();
    assert_eq!((ended.count("delivered"), ended.count("rejected")), (1, 1), "{}", ended.stdout);
}
