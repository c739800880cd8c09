//! Answers that are large, cut short, elsewhere, or indiscreet.

use std::time::Duration;

use courier_sink::clock::Time;
use courier_sink::courier::MAX_BODY_BYTES;
use courier_sink::delivery::{Call, FailureKind, Outcome};

use crate::server::{Server, answer, raw};
use crate::{KEY, automation, profile, send, tenant, transport};

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::plain(200).await;
    let location = elsewhere.url();
    let server = Server::start(None, move |_| {
        let mut response = answer(307, "");
        let location = location.parse().unwrap();
        response.headers_mut().insert("location", location);
        response
    })
    .await;
    let failure = send(&transport(&server.url()), profile()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(failure.answer.unwrap().status, 307);
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_tenant_up_to_the_cap_is_kept_and_a_larger_one_refused() {
    for (size, fits) in [(MAX_BODY_BYTES, true), (MAX_BODY_BYTES + 1, false)] {
        let body = format!("{{\"id\":\"t\"{}}}", " ".repeat(size - 10));
        let server = Server::start(None, move |_| answer(200, body.clone())).await;
        let result = send(&transport(&server.url()), tenant()).await;
        if fits {
            assert_eq!(result.unwrap().body.len(), size);
        } else {
            let failure = result.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Refused);
            assert!(failure.detail.contains("larger than 6000000 bytes"), "{failure}");
        }
    }
}

#[tokio::test]
async fn an_endless_chunked_tenant_is_given_up_at_the_cap() {
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000)).repeat(96);
    let bytes = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
    let failure = send(&transport(&raw(bytes).await), tenant()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
}

#[tokio::test]
async fn a_connection_lost_before_an_answer_is_a_network_failure() {
    let failure = send(&transport(&raw("").await), tenant()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network);
    assert!(failure.detail.contains("before an answer came"), "{failure}");
}

#[tokio::test]
async fn a_cut_tenant_is_a_network_failure_and_any_other_cut_answer_counts() {
    let cut = |status| format!("HTTP/1.1 {status} X\r\ncontent-length: 100\r\n\r\nbeginning");
    let failure = send(&transport(&raw(cut(200)).await), tenant()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network);
    assert!(failure.detail.contains("within the answer"), "{failure}");
    let receipt = send(&transport(&raw(cut(200)).await), profile()).await.unwrap();
    assert_eq!(receipt.outcome, Outcome::Accepted);
    let failure = send(&transport(&raw(cut(400)).await), profile()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(failure.answer.unwrap().excerpt, "beginning");
}

#[tokio::test]
async fn what_is_no_http_is_a_network_failure() {
    let failure = send(&transport(&raw("SSH-2.0-x\r\n").await), profile()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network, "{failure}");
}

#[tokio::test]
async fn a_server_that_echoes_the_key_does_not_get_it_into_the_failure() {
    let server = Server::start(None, |seen| {
        let sent = seen.headers["authorization"].to_str().unwrap();
        answer(400, format!("{{\"message\":\"bad {sent}\"}}"))
    })
    .await;
    let failure = send(&transport(&server.url()), profile()).await.unwrap_err();
    assert!(!format!("{failure:?} {failure}").contains(KEY));
    let excerpt = failure.answer.unwrap().excerpt;
    assert_eq!(excerpt, "{\"message\":\"bad Bearer **************\"}");
}

#[tokio::test]
async fn courier_is_told_until_when_a_key_counts_and_nothing_where_there_is_no_key() {
    let server = Server::plain(200).await;
    let transport = transport(&server.url());
    let until = Some(Time::from_epoch(Duration::from_millis(1_700_172_800_250)));
    for call in [automation(), Call { key_expires: until, ..automation() }] {
        send(&transport, call).await.unwrap();
    }
    send(&transport, Call { key_expires: until, ..profile() }).await.unwrap();
    let seen = server.seen();
    let told: Vec<_> = seen.iter().map(|it| it.headers.get("x-idempotency-expiration")).collect();
    let until = http::HeaderValue::from_static("2023-11-16T22:13:20.250Z");
    assert_eq!(told, [None, Some(&until), None]);
}
