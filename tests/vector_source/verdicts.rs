//! What a client is told, and when.

use tonic::Code;

use crate::client::HEALTH;
use crate::encode::{known, logs, request};
use crate::held_server::HeldServer;
use crate::rig::{Rig, track};
use crate::server::Server;

#[tokio::test]
async fn a_late_request_is_to_be_sent_again_and_then_joins_what_is_under_way() {
    let courier = HeldServer::start();
    let rig = Rig::start(&courier.url(), "acknowledgement_timeout_secs = 0.05", "");
    let client = rig.client().await;
    let request = logs([&track("1")]);
    assert_eq!(client.refused(request.clone()).await, Code::Unavailable);
    let arrived = courier.next();
    // It is still under way: the resend makes no second request.
    assert_eq!(client.refused(request.clone()).await, Code::Unavailable);
    arrived.answer(200);
    while client.push(request.clone()).await.is_err() {}
    let (ended, _) = rig.stop().await;
    assert_eq!(ended.expect(0).count("delivered"), 1);
}

#[tokio::test]
async fn what_vector_knows_is_delivered_once_though_nothing_in_it_tells_it_apart() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    let client = rig.client().await;
    let two = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}\n".repeat(2);
    let lines = |id| request([known(&serde_json::json!({"message": two}), [id; 16])]);
    for sent in [lines(1), lines(1), lines(2), lines(1)] {
        client.push(sent).await.unwrap();
    }
    assert_eq!(server.seen(0).len(), 4);
    assert_eq!(rig.stop().await.0.expect(0).count("delivered"), 4);
}

#[tokio::test]
async fn what_could_not_be_delivered_is_to_be_sent_again() {
    let courier = HeldServer::start();
    let rig = Rig::start(&courier.url(), "", "request.retry_attempts = 0");
    let answering = tokio::task::spawn_blocking(move || {
        for status in [500, 200] {
            courier.next().answer(status);
        }
    });
    let client = rig.client().await;
    let request = logs([&track("1")]);
    assert_eq!(client.refused(request.clone()).await, Code::Unavailable);
    client.push(request).await.unwrap();
    answering.await.unwrap();
    rig.stop().await;
}

#[tokio::test]
async fn what_courier_refuses_is_safe_in_a_letter() {
    let server = Server::start();
    server.refuse(1, "/inbound", 400);
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    rig.client().await.push(logs([&track("1"), &track("2")])).await.unwrap();
    let (ended, letters) = rig.stop().await;
    assert_eq!((ended.expect(65).count("delivered"), letters.len()), (1, 1));
}

#[tokio::test]
async fn without_acknowledgements_taken_is_enough() {
    let courier = HeldServer::start();
    let rig = Rig::start(&courier.url(), "", "acknowledgements = false");
    rig.client().await.push(logs([&track("1")])).await.unwrap();
    courier.next().answer(200);
    assert_eq!(rig.stop().await.0.expect(0).count("delivered"), 1);
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way_and_takes_nothing_more() {
    let courier = HeldServer::start();
    let rig = Rig::start(&courier.url(), "", "");
    let client = rig.client().await;
    let pushed = tokio::spawn({
        let client = client.clone();
        async move { client.push(logs([&track("1")])).await }
    });
    let arrived = tokio::task::spawn_blocking(move || courier.next()).await.unwrap();
    assert_eq!(client.call(HEALTH, "", None).await.unwrap(), "");
    rig.running.terminate();
    rig.running.wait_for("asked to stop");
    arrived.answer(200);
    pushed.await.unwrap().unwrap();
    let ended = rig.end().await.0.expect(0);
    assert_eq!(ended.count("delivered"), 1);
}

#[tokio::test]
async fn what_is_too_much_is_to_be_sent_again() {
    let courier = HeldServer::start();
    let rig = Rig::start(&courier.url(), "max_in_flight_bytes = 2000", "");
    let client = rig.client().await;
    let mut large = track("1");
    large["properties"] = serde_json::json!({"text": "x".repeat(1500)});
    let pushed = tokio::spawn({
        let client = client.clone();
        async move { client.push(logs([&large])).await }
    });
    let arrived = tokio::task::spawn_blocking(move || (courier.next(), courier)).await.unwrap();
    assert_eq!(client.refused(logs([&track("2")])).await, Code::Unavailable);
    arrived.0.answer(200);
    pushed.await.unwrap().unwrap();
    let next = tokio::spawn(async move { client.push(logs([&track("2")])).await });
    tokio::task::spawn_blocking(move || arrived.1.next().answer(200)).await.unwrap();
    next.await.unwrap().unwrap();
    assert_eq!(rig.stop().await.0.expect(0).count("delivered"), 2);
}
