//! Requests that are none: each has its answer, and the next good one works.

use std::io::{Read, Write};
use std::net::TcpStream;

use futures::StreamExt;
use serde_json::json;
use tonic::Code;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};

use crate::client::{Client, PUSH};
use crate::encode::{log, logs, message, request, value};
use crate::memory::peak_memory;
use crate::rig::{Rig, track};
use crate::server::Server;

/// A good request goes through.
async fn works(client: &Client, id: &str) {
    client.push(logs([&track(id)])).await.unwrap();
}

#[tokio::test]
async fn malformed_messages_are_invalid_arguments() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    let client = rig.client().await;
    let good = logs([&track("x")]);
    for (number, malformed) in [
        &b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\x0a\x05a",
        b"\x0b",
        // An event that is a log that is none, and nothing else.
        b"\x0a\x04\x0a\x02\xff\xff",
        &good[..good.len() - 1],
    ]
    .into_iter()
    .enumerate()
    {
        let malformed = malformed.to_vec();
        assert_eq!(client.refused(malformed.clone()).await, Code::InvalidArgument, "{malformed:?}");
        works(&client, &number.to_string()).await;
    }
    let status = client.call("/vector.Vector/PullEvents", "", None).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(server.seen(0).len(), 5);
    let (ended, _) = rig.stop().await;
    let ended = ended.expect(0);
    assert_eq!(
        ended.stderr.matches("a request is refused for good").count(),
        1,
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn random_bytes_end_with_an_answer() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    let client = rig.client().await;
    let mut chance = fastrand::Rng::with_seed(4);
    let good = logs([&track("x"), &track("y")]);
    for round in 0..300 {
        let mut bytes: Vec<u8> = match round % 3 {
            0 => (0..chance.usize(1..200)).map(|_| chance.u8(..)).collect(),
            1 => good[..chance.usize(1..good.len())].to_vec(),
            _ => good.clone(),
        };
        for _ in 0..chance.usize(1..4) {
            let at = chance.usize(..bytes.len());
            bytes[at] = chance.u8(..);
        }
        let encoding = [None, Some(Gzip), Some(Zstd)][chance.usize(..3)];
        match client.call(PUSH, bytes.clone(), encoding).await {
            Ok(_) => {}
            Err(status) => assert_eq!(status.code(), Code::InvalidArgument, "{bytes:?}"),
        }
    }
    works(&client, "after").await;
    let last = server.courier.requests().pop().unwrap();
    assert!(last.body.windows(7).any(|part| part == b"\"after\""));
    let (ended, _) = rig.stop().await;
    assert!([0, 65].contains(&ended.code), "{}", ended.stderr);
}

#[tokio::test]
async fn deep_nesting_costs_one_event() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    let client = rig.client().await;
    // Encoded from the inside out: 20 000 arrays, each in the one before.
    let mut array = Vec::new();
    let mut lengths = Vec::new();
    let mut length = 0;
    for _ in 0..20_000 {
        let inner = prost::length_delimiter_len(length) + 1 + length;
        lengths.push((length, inner));
        length = prost::length_delimiter_len(inner) + 1 + inner;
    }
    for (item, inner) in lengths.into_iter().rev() {
        array.push(0x42);
        prost::encode_length_delimiter(inner, &mut array).unwrap();
        array.push(0x0a);
        prost::encode_length_delimiter(item, &mut array).unwrap();
    }
    let entry = [&b"\x0a\x01d\x12"[..], &delimited(&array)].concat();
    let log_of = [&b"\x0a"[..], &delimited(&entry)].concat();
    let event = [&b"\x0a"[..], &delimited(&log_of)].concat();
    let deep = [&b"\x0a"[..], &delimited(&event)].concat();
    client.push([deep, logs([&track("1")])].concat()).await.unwrap();
    works(&client, "2").await;
    let (ended, letters) = rig.stop().await;
    assert_eq!(ended.expect(65).count("delivered"), 2);
    let detail = letters[0]["detail"].as_str().unwrap();
    assert!(detail.contains("nested deeper than 120 levels"), "{detail}");
}

#[tokio::test]
async fn nothing_hostile_takes_more_memory_than_a_request_may() {
    let server = Server::start();
    let source = "max_request_bytes = 1000000\nmax_in_flight_bytes = 4000000";
    let rig = Rig::start(&server.url, source, "mode = \"inbound\"");
    let client = rig.client().await;
    works(&client, "before").await;
    let before = peak_memory(&rig.running);
    // Bombs, which the client packs, and as they are; half of them at once.
    let blank = bytes::Bytes::from(vec![0; 32 << 20]);
    for encoding in [None, Some(Gzip), Some(Zstd)] {
        let sent = (0..3).map(|_| client.call(PUSH, blank.clone(), encoding));
        for answer in futures::future::join_all(sent).await {
            assert_eq!(answer.unwrap_err().code(), Code::OutOfRange, "{encoding:?}");
        }
    }
    // Text that is none, and bytes that mean nothing.
    let mut chance = fastrand::Rng::with_seed(9);
    for at in 0..50 {
        let mut bytes = logs([&track("\u{7f}\u{7f}\u{7f}")]);
        for byte in bytes.iter_mut().filter(|byte| **byte == 0x7f) {
            *byte = 0xff;
        }
        let noise: Vec<u8> = (0..900_000 + at).map(|_| chance.u8(..)).collect();
        assert_eq!(client.refused(noise).await, Code::InvalidArgument);
        // It is kept as a dead letter.
        client.push(bytes).await.unwrap();
    }
    // Connections that say half a word, and requests that never end.
    let mut silent: Vec<_> = (0..100).map(|_| TcpStream::connect(&rig.address).unwrap()).collect();
    for stream in &mut silent {
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00").unwrap();
    }
    let stream = tokio::net::TcpStream::connect(&rig.address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    let connection = tokio::spawn(connection);
    let endless = (0..60).map(|_| {
        let part = [&b"\x00\x00\x0f\x00\x00"[..], &vec![0; 20_000]].concat();
        let part =
            Ok::<_, std::convert::Infallible>(hyper::body::Frame::data(bytes::Bytes::from(part)));
        let parts = futures::stream::iter([part]).chain(futures::stream::pending());
        let request = http::Request::post(format!("http://{}{PUSH}", rig.address))
            .body(http_body_util::StreamBody::new(parts.boxed()))
            .unwrap();
        let mut sender = sender.clone();
        tokio::spawn(async move { sender.send_request(request).await })
    });
    let endless: Vec<_> = endless.collect();
    works(&client, "after").await;
    let more = peak_memory(&rig.running).saturating_sub(before);
    assert!(more < 48 << 10, "{more} KiB more than before");
    drop((silent, sender));
    for request in endless {
        request.abort();
    }
    connection.abort();
    let (ended, _) = rig.stop().await;
    assert_eq!(ended.expect(65).count("delivered"), 2);
}

fn delimited(bytes: &[u8]) -> Vec<u8> {
    let mut delimited = Vec::new();
    prost::encode_length_delimiter(bytes.len(), &mut delimited).unwrap();
    delimited.extend_from_slice(bytes);
    delimited
}

#[tokio::test]
async fn what_is_too_large_is_refused_for_good_packed_or_not() {
    let server = Server::start();
    let source = "max_request_bytes = 100000\nmax_request_events = 3\nmax_event_bytes = 50000";
    let rig = Rig::start(&server.url, source, "mode = \"inbound\"");
    let client = rig.client().await;
    let large = logs([&json!({"type": "track", "userId": "u", "x": "y".repeat(100_000)})]);
    for encoding in [None, Some(Gzip), Some(Zstd)] {
        let status = client.call(PUSH, large.clone(), encoding).await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange, "{encoding:?}");
        assert!(status.message().contains("may take 100000 bytes"), "{status}");
    }
    let many = request((0..4).map(|_| message("event.EventWrapper")));
    assert_eq!(client.refused(many).await, Code::OutOfRange);
    works(&client, "1").await;
    let event = log(&track("2"), &[("x", value(&json!("y".repeat(60_000))))]);
    client.push(request([event])).await.unwrap();
    let (ended, letters) = rig.stop().await;
    assert_eq!(ended.expect(65).count("delivered"), 1);
    let detail = letters[0]["detail"].as_str().unwrap();
    assert!(detail.contains("an event may take 50000 bytes"), "{detail}");
}

#[tokio::test]
async fn broken_packing_is_an_invalid_argument() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    let broken = |encoding: &str, frame: &[u8]| {
        let request = http::Request::post(format!("http://{}{PUSH}", rig.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-encoding", encoding)
            .body(http_body_util::Full::new(bytes::Bytes::copy_from_slice(frame)));
        request.unwrap()
    };
    let stream = tokio::net::TcpStream::connect(&rig.address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    let connection = tokio::spawn(connection);
    for (encoding, frame, code) in [
        ("gzip", &b"\x01\x00\x00\x00\x04oops"[..], Code::InvalidArgument),
        ("zstd", b"\x01\x00\x00\x00\x04oops", Code::InvalidArgument),
        ("identity", b"\x01\x00\x00\x00\x04oops", Code::InvalidArgument),
        ("identity", b"\x07\x00\x00\x00\x04oops", Code::InvalidArgument),
        ("identity", b"\x00\x00\x00\x00\x09oops", Code::InvalidArgument),
        ("identity", b"\x00\x00", Code::InvalidArgument),
        ("identity", b"", Code::InvalidArgument),
        ("identity", b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", Code::InvalidArgument),
        ("identity", b"\x00\xff\xff\xff\xff", Code::OutOfRange),
        ("snappy", b"\x00\x00\x00\x00\x00", Code::Unimplemented),
        ("identity", b"\x00\x00\x00\x00\x00", Code::Ok),
    ] {
        let answer = sender.send_request(broken(encoding, frame)).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = http_body_util::BodyExt::collect(body).await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or(parts.headers);
        let said = tonic::Status::from_header_map(&trailers).unwrap();
        assert_eq!(said.code(), code, "{encoding} {frame:?}");
    }
    drop(sender);
    connection.await.unwrap().unwrap();
    works(&rig.client().await, "1").await;
    rig.stop().await.0.expect(0);
}

#[tokio::test]
async fn who_speaks_no_http_2_is_cut_off() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    let mut stream = TcpStream::connect(&rig.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // Ends with or without a reset.
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1"));
    works(&rig.client().await, "1").await;
    rig.stop().await.0.expect(0);
}
