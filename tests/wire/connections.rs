//! What is sent, and over which connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use courier_sink::courier::Request;
use courier_sink::delivery::{Call, FailureKind, Outcome};
use courier_sink::transport::{ApiKey, BuildError, Transport};
use futures::future::join_all;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tower::ServiceExt;

use crate::server::{Server, answer, head};
use crate::{automation, profile, send, settings, tenant, transport};

#[tokio::test]
async fn a_request_arrives_whole_and_connections_are_reused() {
    let server = Server::plain(200).await;
    let transport = transport(&format!("{}/base/", server.url()));
    for _ in 0..2 {
        let receipt = send(&transport, profile()).await.unwrap();
        assert_eq!((receipt.status, receipt.outcome), (200, Outcome::Accepted));
        assert!(receipt.body.is_empty());
    }
    let seen = server.seen();
    assert_eq!((seen[0].connection, seen[1].connection), (0, 0));
    assert_eq!(seen[0].method, "POST");
    assert_eq!(seen[0].uri, "/base/profiles/u%401");
    assert_eq!(seen[0].body, "{\"profile\":{}}");
    assert_eq!(seen[0].headers["authorization"], "Bearer pk_test_SECRET");
    assert_eq!(seen[0].headers["content-type"], "application/json");
    assert_eq!(seen[0].headers["content-length"], "14");
    assert_eq!(seen[0].headers["host"], server.address.to_string());
}

#[tokio::test]
async fn a_hundred_at_once_need_a_hundred_connections_and_the_next_hundred_no_further_one() {
    // Nobody is answered before a hundred have asked, so that each has a connection of its own.
    let all_there = Arc::new(Barrier::new(100));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let transport = transport(&format!("http://{}", listener.local_addr().unwrap()));
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let all_there = Arc::clone(&all_there);
            let service = service_fn(move |request: http::Request<Incoming>| {
                let all_there = Arc::clone(&all_there);
                async move {
                    request.into_body().collect().await?;
                    all_there.wait().await;
                    Ok::<_, hyper::Error>(answer(200, "{}"))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(tcp), service));
        }
    });
    for _ in 0..5 {
        let answers = join_all((0..100).map(|_| send(&transport, profile()))).await;
        assert!(answers.iter().all(Result::is_ok));
        // An answer is read before its connection counts as idle.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(accepted.load(Ordering::Relaxed), 100);
}

#[tokio::test]
async fn failures_do_not_cost_the_connection() {
    let server = Server::plain(500).await;
    let transport = transport(&server.url());
    for _ in 0..2 {
        send(&transport, profile()).await.unwrap_err();
    }
    assert_eq!(server.seen()[1].connection, 0);
}

#[tokio::test]
async fn only_what_must_not_act_twice_carries_a_key() {
    let server = Server::plain(202).await;
    let transport = transport(&server.url());
    for call in [automation(), automation(), profile()] {
        send(&transport, call).await.unwrap();
    }
    let mut again = automation();
    again.generation = again.generation.next();
    send(&transport, again).await.unwrap();
    let keys: Vec<_> =
        server.seen().iter().map(|seen| seen.headers.get("idempotency-key").cloned()).collect();
    assert_eq!(keys[0], keys[1]);
    assert!(keys[0].is_some() && keys[2].is_none());
    assert_ne!(keys[0], keys[3]);
}

#[tokio::test]
async fn a_get_has_no_body_and_a_tenant_comes_back_whole() {
    let server = Server::plain(200).await;
    let transport = transport(&server.url());
    assert_eq!(send(&transport, tenant()).await.unwrap().body, "{}");
    let health = Call::new(Request::ListTenants, None);
    assert_eq!(send(&transport, health).await.unwrap().body, "");
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.method == "GET"
        && seen.body.is_empty()
        && !seen.headers.contains_key("content-type")));
    assert_eq!(seen[1].uri, "/tenants?limit=1");
}

#[tokio::test]
async fn a_new_key_signs_the_next_attempt() {
    let server = Server::plain(200).await;
    let transport = transport(&server.url());
    send(&transport, profile()).await.unwrap();
    transport.api_keys().set(ApiKey::new("other").unwrap());
    send(&transport, profile()).await.unwrap();
    assert_eq!(server.seen()[1].headers["authorization"], "Bearer other");
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let failure = send(&transport(&format!("http://{address}")), profile()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network);
    assert!(failure.answer.is_none());
    for part in ["cannot connect to", &address.to_string(), "refused"] {
        assert!(failure.detail.contains(part), "{failure}");
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up_says_so() {
    // A label of more than 63 letters is no name: no resolver is asked, and nothing leaves this machine.
    let name = "a".repeat(64);
    let failure = send(&transport(&format!("http://{name}:1")), profile()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network);
    assert!(failure.answer.is_none(), "that is no answer of Courier's: it is tried again");
    assert!(failure.detail.contains(&format!("cannot connect to {name}:1")), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn the_connect_timeout_covers_a_handshake_nobody_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings(&format!("https://{}", silent.local_addr().unwrap()));
    settings.tls.verify_certificate = false;
    let before = tokio::time::Instant::now();
    let transport = Transport::new(&settings).unwrap();
    let failure = send(&transport, profile()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network);
    assert!(failure.detail.contains("within 5s"), "{failure}");
    assert!(before.elapsed() < Duration::from_secs(6));
    settings.connect_timeout = Duration::ZERO;
    let refused = Transport::new(&settings).unwrap_err();
    assert!(matches!(refused, BuildError::ConnectTimeout));
}

#[tokio::test]
async fn dropping_an_attempt_aborts_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut attempt = transport(&url).oneshot(tenant());
    let mut tcp = tokio::select! {
        _ = &mut attempt => panic!("nobody answered"),
        (mut tcp, _) = async { listener.accept().await.unwrap() } => {
            tokio::select! {
                _ = &mut attempt => panic!("nobody answered"),
                _ = head(&mut tcp) => tcp,
            }
        }
    };
    drop(attempt);
    assert_eq!(tcp.read(&mut [0]).await.unwrap(), 0, "still connected");
}
