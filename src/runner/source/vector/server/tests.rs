//! Connections in memory, under a paused clock.

use std::convert::Infallible;
use std::io::Write as _;
use std::num::NonZeroUsize;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::*;
use crate::event::Trust;
use crate::finalization::EventStatus;
use crate::runner::listener::http2::LINGER;
use crate::runner::source::door::{Door, DoorSettings};
use crate::runner::source::vector::convert::Rules;
use crate::runner::source::vector::service::Limits;
use crate::sink::Record;
use crate::telemetry::SourceErrors;

const BODY_TIMEOUT: Duration = Duration::from_secs(30);

type Body = StreamBody<stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

const BOUNDS: http2::Limits = http2::Limits {
    keepalive_interval: Duration::from_secs(60),
    keepalive_timeout: Duration::from_secs(20),
    idle: IDLE,
    max_age: None,
};

fn vector() -> (Vector, Door, impl futures::Stream<Item = Record> + Unpin) {
    vector_with(1 << 20, 1000)
}

fn vector_with(
    max_in_flight: usize,
    max_bytes: usize,
) -> (Vector, Door, impl futures::Stream<Item = Record> + Unpin) {
    let number = |number| NonZeroUsize::new(number).unwrap();
    let (door, records) = Door::new(DoorSettings {
        acknowledgements: true,
        timeout: Duration::from_secs(10),
        recent: number(1 << 20),
        max_in_flight_bytes: number(max_in_flight),
    });
    let rules = Rules { except: Vec::new(), max_event_bytes: max_bytes };
    let limits = Limits { max_bytes, max_events: 10, body_timeout: BODY_TIMEOUT };
    let chance = fastrand::Rng::with_seed(1);
    let source = ("in".into(), Trust::Trusted, SourceErrors::default());
    (Vector::new(source, door.clone(), (rules, limits), chance), door, Box::pin(records))
}

/// Serves one connection; what it ends with is when.
fn served(
    vector: Vector,
    stop: &CancellationToken,
) -> (DuplexStream, tokio::task::JoinHandle<Instant>) {
    let (near, far) = duplex(1 << 16);
    let stop = stop.clone();
    let task = tokio::spawn(async move {
        requests(far, BOUNDS, vector, stop).await;
        Instant::now()
    });
    (near, task)
}

async fn connect(stream: DuplexStream) -> SendRequest<Body> {
    let io = TokioIo::new(stream);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    sender
}

/// Asks for `path` with the frame `frame`, after which the body ends, or never does.
async fn ask(
    sender: &mut SendRequest<Body>,
    path: &str,
    frame: &[u8],
    ends: bool,
) -> (Code, Bytes) {
    let frame = Ok(Frame::data(Bytes::copy_from_slice(frame)));
    let rest = if ends { stream::empty().boxed() } else { stream::pending().boxed() };
    let request = http::Request::post(format!("http://vector{path}"))
        .body(StreamBody::new(stream::iter([frame]).chain(rest).boxed()))
        .unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = http_body_util::BodyExt::collect(body).await.unwrap();
    let told = body.trailers().cloned().unwrap_or(parts.headers);
    (Status::from_header_map(&told).unwrap().code(), body.to_bytes())
}

const PUSH: &str = "/vector.Vector/PushEvents";

/// A request of one log event without members.
const ONE_EVENT: &[u8] = b"\x00\x00\x00\x00\x04\x0a\x02\x0a\x00";

#[tokio::test(start_paused = true)]
async fn a_connection_without_requests_ends() {
    let start = Instant::now();
    let stop = CancellationToken::new();
    let (_silent, ended) = served(vector().0, &stop);
    assert_eq!(ended.await.unwrap() - start, IDLE + LINGER);
    // Half a head is no request either.
    let (mut slow, ended) = served(vector().0, &stop);
    let start = Instant::now();
    slow.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00")
        .await
        .unwrap();
    let mut told = Vec::new();
    slow.read_to_end(&mut told).await.unwrap();
    assert!(ended.await.unwrap() - start <= IDLE + LINGER);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_come_to_its_end_is_given_up() {
    let (vector, _door, _records) = vector();
    let (stream, _ended) = served(vector, &CancellationToken::new());
    let mut sender = connect(stream).await;
    let start = Instant::now();
    let (code, _) = ask(&mut sender, PUSH, b"\x00\x00\x00\x00\x04\x0a", false).await;
    assert_eq!((code, start.elapsed()), (Code::DeadlineExceeded, BODY_TIMEOUT));
    assert_eq!(ask(&mut sender, PUSH, b"\x00\x00\x00\x00\x00", true).await.0, Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn what_a_request_unpacks_to_counts_while_its_end_is_awaited() {
    let (vector, door, _records) = vector();
    let (stream, _ended) = served(vector, &CancellationToken::new());
    let mut sender = connect(stream).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&[0; 900]).unwrap();
    let packed = encoder.finish().unwrap();
    let length = u32::try_from(packed.len()).unwrap().to_be_bytes();
    let frame = Ok(Frame::data([&[1][..], &length, &packed].concat().into()));
    let request = http::Request::post(format!("http://vector{PUSH}"))
        .header("grpc-encoding", "gzip")
        .body(StreamBody::new(stream::iter([frame]).chain(stream::pending()).boxed()))
        .unwrap();
    let answer = tokio::spawn(sender.send_request(request));
    tokio::time::sleep(BODY_TIMEOUT / 2).await;
    assert!(door.budget().take((1 << 20) - 500).is_none());
    answer.await.unwrap().unwrap();
    assert!(door.budget().take(1 << 20).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_large_request_waits_for_room_while_new_ones_are_sent_away() {
    let (vector, _door, mut records) = vector_with(4000, 10_000);
    let (stream, _ended) = served(vector, &CancellationToken::new());
    let mut sender = connect(stream).await;
    let start = Instant::now();
    let mut other = sender.clone();
    let early = tokio::spawn(async move { ask(&mut other, PUSH, ONE_EVENT, true).await.0 });
    let record = records.next().await.unwrap();
    // The same event, and a field that nobody knows.
    let mut message = ONE_EVENT[5..].to_vec();
    message.push(0x7a);
    prost::encode_length_delimiter(5000, &mut message).unwrap();
    message.extend([0; 5000]);
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let frame = [&[0][..], &length, &message].concat();
    let mut other = sender.clone();
    let large = tokio::spawn(async move { ask(&mut other, PUSH, &frame, true).await.0 });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ask(&mut sender, PUSH, ONE_EVENT, true).await.0, Code::Unavailable);
    record.finalizer.finalize(EventStatus::Delivered);
    assert_eq!(early.await.unwrap(), Code::Ok);
    records.next().await.unwrap().finalizer.finalize(EventStatus::Delivered);
    assert_eq!((large.await.unwrap(), start.elapsed()), (Code::Ok, Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_answers_and_not_for_requests_to_come() {
    let (vector, door, mut records) = vector();
    let stop = CancellationToken::new();
    let (stream, ended) = served(vector, &stop);
    let mut sender = connect(stream).await;
    let mut other = sender.clone();
    let under_way = tokio::spawn(async move { ask(&mut other, PUSH, ONE_EVENT, true).await });
    let record = records.next().await.unwrap();
    let health = "/vector.Vector/HealthCheck";
    let (code, serving) = ask(&mut sender, health, b"\x00\x00\x00\x00\x00", true).await;
    assert_eq!((code, &serving[..]), (Code::Ok, &b"\x00\x00\x00\x00\x00"[..]));
    door.close();
    let (code, serving) = ask(&mut sender, health, b"\x00\x00\x00\x00\x00", true).await;
    assert_eq!((code, &serving[..]), (Code::Ok, &b"\x00\x00\x00\x00\x02\x08\x01"[..]));
    assert_eq!(ask(&mut sender, PUSH, ONE_EVENT, true).await.0, Code::Unavailable);
    assert!(records.next().await.is_none());
    stop.cancel();
    tokio::task::yield_now().await;
    assert!(!ended.is_finished());
    record.finalizer.finalize(EventStatus::Delivered);
    assert_eq!(under_way.await.unwrap().0, Code::Ok);
    drop(sender);
    ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn verdicts_have_their_statuses_and_a_resend_joins() {
    let (vector, _door, mut records) = vector();
    let (stream, _ended) = served(vector, &CancellationToken::new());
    let mut sender = connect(stream).await;
    // {"messageId":"abc"}
    let event = b"\x00\x00\x00\x00\x18\x0a\x16\x0a\x14\x0a\x12\x0a\x09messageId\x12\x05\x0a\x03abc";
    let start = Instant::now();
    let (answer, record) = tokio::join!(ask(&mut sender, PUSH, event, true), records.next());
    assert_eq!((answer.0, start.elapsed()), (Code::Unavailable, Duration::from_secs(10)));
    let mut other = sender.clone();
    let again = tokio::spawn(async move { ask(&mut other, PUSH, event, true).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    record.unwrap().finalizer.finalize(EventStatus::Rejected);
    assert_eq!(again.await.unwrap().0, Code::Ok);
    let errored = async {
        records.next().await.unwrap().finalizer.finalize(EventStatus::Errored);
    };
    let (answer, ()) = tokio::join!(ask(&mut sender, PUSH, ONE_EVENT, true), errored);
    assert_eq!(answer.0, Code::Unavailable);
}

#[tokio::test]
async fn further_connections_wait_to_be_accepted() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let (vector, _door, _records) = vector();
    let listener = Listener::new(listener, 1, None).unwrap();
    let serving = tokio::spawn(serve(listener, BOUNDS, vector, stop.clone()));
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut settings_frame = [0; 9];
    first.read_exact(&mut settings_frame).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    assert_eq!(
        second.try_read(&mut settings_frame).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
    drop(first);
    second.read_exact(&mut settings_frame).await.unwrap();
    drop(second);
    stop.cancel();
    serving.await.unwrap();
}
