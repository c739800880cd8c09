//! The source without sockets: a connection is a pipe in memory, and time is paused.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::stream::BoxStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::routes::router;
use super::server::{Bounds, connection};
use super::*;
use crate::config::{DoorConfig, WriteKeys};
use crate::event::Trust;
use crate::finalization::EventStatus;
use crate::runner::listener::{Accepted, Protocol};
use crate::sink::{Payload, Record};

mod budget;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn number(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

fn settings() -> HttpServerSource {
    HttpServerSource {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        write_keys: WriteKeys::Anyone,
        path: "/v1/webhook".to_owned(),
        tls: None,
        strict: false,
        gateway_fields: false,
        max_request_bytes: number(100_000),
        max_request_events: number(1000),
        max_connections: number(8),
        max_connection_age: Duration::from_secs(300),
        header_timeout: Duration::from_secs(60),
        body_timeout: Duration::from_secs(30),
        door: DoorConfig {
            acknowledgement_timeout: Duration::from_secs(10),
            recent_events: number(100),
            max_in_flight_bytes: number(1 << 20),
        },
    }
}

/// A source to which connections are opened by the test, and what comes out of it.
struct Served {
    shared: Arc<Shared>,
    bounds: Bounds,
    stop: CancellationToken,
    records: BoxStream<'static, Record>,
}

impl Served {
    fn new(settings: HttpServerSource) -> Self {
        let stop = CancellationToken::new();
        let context = Context {
            name: "test".into(),
            stop: stop.clone(),
            clock: Clock::from_fn(|| Duration::ZERO),
            chance: fastrand::Rng::with_seed(1),
            progress: Arc::default(),
            errors: SourceErrors::default(),
            problems: Arc::default(),
        };
        let (keys, _) = Keys::new(&settings.write_keys).unwrap();
        let (door, records) =
            Door::new(DoorSettings::new(&settings.door, Follow::Acknowledgements));
        let bounds = Bounds::new(&settings);
        let shared = Arc::new(Shared::new(settings, keys, door, &context));
        Self { shared, bounds, stop, records: records.boxed() }
    }

    /// A client's end of a connection, and the task that serves the other.
    fn connect(&self) -> (DuplexStream, JoinHandle<()>) {
        let (client, server) = duplex(1 << 20);
        let (router, bounds) = (router(&self.shared), self.bounds);
        let accepted = Accepted { stream: server, peer: PEER, protocol: Protocol::Unsaid };
        let task = tokio::spawn(connection(accepted, router, bounds, self.stop.clone()));
        (client, task)
    }

    /// Ends whatever comes with `status`, and gives the messages' ids.
    fn end(self, status: EventStatus) -> JoinHandle<Vec<String>> {
        let mut records = self.records;
        tokio::spawn(async move {
            let mut ids = Vec::new();
            while let Some(record) = records.next().await {
                let Payload::Bytes(bytes) = record.payload else { continue };
                ids.push(String::from_utf8_lossy(&bytes).into_owned());
                record.finalizer.finalize(status);
            }
            ids
        })
    }
}

fn event(id: &str) -> String {
    format!(r#"{{"userId":"u","messageId":"{id}"}}"#)
}

fn post(id: &str) -> String {
    post_with("", id)
}

fn post_with(header: &str, id: &str) -> String {
    let body = format!(r#"{{"batch":[{}]}}"#, event(id));
    let length = body.len();
    format!(
        "POST /v1/batch HTTP/1.1\r\nhost: test\r\n{header}content-length: {length}\r\n\r\n{body}"
    )
}

/// What is read until the other end is closed.
async fn rest(client: &mut DuplexStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

/// Status and body of the next answer.
async fn answer(client: &mut DuplexStream) -> (u16, String) {
    let (head, body) = whole_answer(client).await;
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

/// Head, in lower case, and body of the next answer.
async fn whole_answer(client: &mut DuplexStream) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("there is an answer"));
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    client.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[tokio::test(start_paused = true)]
async fn requests_of_a_connection_are_taken_in_their_order_also_when_they_come_at_once() {
    let served = Served::new(settings());
    let (mut client, _task) = served.connect();
    let stop = (served.stop.clone(), served.shared.door.clone());
    let ended = served.end(EventStatus::Delivered);
    let requests: String = (0..50).map(|id| post(&id.to_string())).collect();
    client.write_all(requests.as_bytes()).await.unwrap();
    for _ in 0..50 {
        assert_eq!(answer(&mut client).await, (200, "ok".to_owned()));
    }
    stop.1.close();
    let expected: Vec<_> = (0..50).map(|id| event(&id.to_string())).collect();
    assert_eq!(ended.await.unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn without_keys_neither_a_page_nor_whoever_is_behind_a_proxy_is_trusted() {
    let mut served = Served::new(settings());
    for (header, trust) in [
        ("", Trust::Trusted),
        ("origin: https://example.com\r\n", Trust::Untrusted),
        ("origin: null\r\n", Trust::Untrusted),
        ("x-forwarded-for: 192.0.2.7\r\n", Trust::Untrusted),
        ("forwarded: for=192.0.2.7\r\n", Trust::Untrusted),
    ] {
        let (mut client, _task) = served.connect();
        client.write_all(post_with(header, header.trim()).as_bytes()).await.unwrap();
        assert_eq!(served.records.next().await.unwrap().origin.trust, trust, "{header}");
    }
    // An image says nothing of the page that shows it.
    for line in ["GET /pixel/v1/track?userId=u", "GET /v1/webhook?userId=u"] {
        let (mut client, _task) = served.connect();
        let request = format!("{line} HTTP/1.1\r\nhost: test\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let record = served.records.next().await.unwrap();
        assert_eq!(record.origin.trust, Trust::Untrusted, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_ends_the_connection() {
    let served = Served::new(settings());
    let start = Instant::now();
    let (mut client, task) = served.connect();
    let slow = async {
        for byte in post("1").bytes() {
            if client.write_all(&[byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_secs(7)).await;
        }
    };
    let (ended, ()) = tokio::join!(async { (task.await.unwrap(), start.elapsed()) }, slow);
    assert_eq!(ended.1, Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_answered_and_the_connection_ended() {
    let served = Served::new(settings());
    let start = Instant::now();
    let (mut client, task) = served.connect();
    let request = "POST /v1/batch HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n{";
    client.write_all(request.as_bytes()).await.unwrap();
    let text = rest(&mut client).await;
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
    assert!(text.ends_with("\r\n\r\nservice unavailable\n"), "{text}");
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends() {
    let served = Served::new(settings());
    let (mut client, task) = served.connect();
    let start = Instant::now();
    assert_eq!(rest(&mut client).await, "");
    assert_eq!(start.elapsed(), Duration::from_secs(60));
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_use_ends_when_it_is_old() {
    let served = Served::new(settings());
    let (mut client, task) = served.connect();
    let ending = served.end(EventStatus::Delivered);
    let start = Instant::now();
    for id in 0..30 {
        client.write_all(post(&id.to_string()).as_bytes()).await.unwrap();
        assert_eq!(answer(&mut client).await.0, 200);
        sleep(Duration::from_secs(10)).await;
    }
    task.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(300));
    ending.abort();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut() {
    let served = Served::new(settings());
    let (client, other) = duplex(64);
    let (router, bounds) = (router(&served.shared), served.bounds);
    let accepted = Accepted { stream: other, peer: PEER, protocol: Protocol::Http11 };
    let task = tokio::spawn(connection(accepted, router, bounds, served.stop.clone()));
    let ending = served.end(EventStatus::Delivered);
    let start = Instant::now();
    let (reader, mut writer) = tokio::io::split(client);
    let writing = tokio::spawn(async move {
        for id in 0..10_000 {
            if writer.write_all(post(&id.to_string()).as_bytes()).await.is_err() {
                break;
            }
        }
    });
    task.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(300 + 60 + 30 + 10));
    drop(reader);
    writing.await.unwrap();
    ending.abort();
}

#[tokio::test(start_paused = true)]
async fn asked_to_stop_it_answers_what_it_owes_and_takes_nothing_more() {
    let served = Served::new(settings());
    let (mut owed, first) = served.connect();
    let (mut idle, second) = served.connect();
    owed.write_all(post("1").as_bytes()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    served.stop.cancel();
    served.shared.door.close();
    assert_eq!(rest(&mut idle).await, "");
    second.await.unwrap();
    let ending = served.end(EventStatus::Delivered);
    let text = rest(&mut owed).await;
    assert!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("\r\n\r\nok"), "{text}");
    first.await.unwrap();
    assert_eq!(ending.await.unwrap(), [event("1")]);
}

#[tokio::test(start_paused = true)]
async fn a_late_end_is_503_and_a_resend_learns_it() {
    let served = Served::new(settings());
    let (mut client, _task) = served.connect();
    let start = Instant::now();
    client.write_all(post("1").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut client).await, (503, "service unavailable\n".to_owned()));
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    client.write_all(post("1").as_bytes()).await.unwrap();
    let ending = served.end(EventStatus::Rejected);
    assert_eq!(answer(&mut client).await, (200, "ok".to_owned()));
    ending.abort();
}
