//! A source that stops, is killed, and starts again.

use crate::client::{Source, folder, track};
use crate::held_server::HeldServer;
use crate::process::Emulated;

#[test]
fn asked_to_stop_it_answers_what_is_under_way_and_nobody_else() {
    let courier = HeldServer::start();
    let folder = folder(&courier.url(), "");
    let source = Source::start(folder.path());
    let mut client = source.connect();
    client.send("POST /v1/track", &[], track("u", "1"));
    let request = courier.next();
    let mut idle = source.connect();
    source.running.terminate();
    source.running.wait_for("asked to stop");
    assert!(idle.is_hung_up_on());
    request.answer(202);
    assert_eq!(client.answer().body, "ok");
    assert!(client.is_hung_up_on());
    let ended = source.running.end().expect(0);
    assert_eq!(ended.count("delivered"), 1);
}

#[test]
fn a_second_signal_tells_the_client_to_send_again() {
    let courier = HeldServer::start();
    let folder = folder(&courier.url(), "");
    let source = Source::start(folder.path());
    let mut client = source.connect();
    client.send("POST /v1/track", &[], track("u", "1"));
    let _request = courier.next();
    source.running.terminate();
    source.running.wait_for("asked to stop");
    source.running.terminate();
    assert_eq!(client.answer().status, 503);
    let ended = source.running.end();
    assert_eq!(ended.count("still owed"), 1, "{}", ended.stdout);
}

#[test]
fn a_resend_after_a_restart_is_done_once_by_courier() {
    let courier_folder = tempfile::tempdir().unwrap();
    let courier = Emulated::start(courier_folder.path(), "right");
    let folder = folder(&courier.url(), "");
    let event = track("u", "1");
    for _ in 0..2 {
        let source = Source::start(folder.path());
        assert_eq!(source.batch(&[&event]), (200, "ok".to_owned()));
        source.stop().expect(0);
    }
    let requests = courier.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0]["idempotency_key"], requests[1]["idempotency_key"]);
    assert_eq!(requests[1]["replayed"], true, "{}", requests[1]);
}
