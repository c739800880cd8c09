//! Whatever bytes come, the source answers or hangs up, and the next good request works.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::client::{Source, folder, track};
use crate::memory::peak_memory;

/// What hostile clients may add to the memory of a source, in KiB: what may be in flight, a few times, since a body is packed,
/// unpacked and cut at once, and what its allocator keeps.
const MOST_KIB: u64 = 32 << 10;

/// Asserts that the next good request works, and that nothing since `before` took more memory than it may.
fn unharmed(source: &Source, before: u64) {
    assert_eq!(source.batch(&[&track("u", "after")]), (200, "ok".to_owned()));
    let more = peak_memory(&source.running).saturating_sub(before);
    assert!(more < MOST_KIB, "{more} KiB more than before");
}

/// The most memory it has had once it has served a request.
fn warm(source: &Source) -> u64 {
    assert_eq!(source.batch(&[&track("u", "before")]), (200, "ok".to_owned()));
    peak_memory(&source.running)
}

#[test]
fn no_body_is_bad_enough_to_stop_it() {
    let folder = folder("", "max_request_bytes = 1000000\nmax_in_flight_bytes = 4000000");
    let source = Source::start(folder.path());
    let before = warm(&source);
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for path in ["/v1/batch", "/v1/track", "/v1/webhook"] {
        for body in [
            deep("[", "]").into_bytes(),
            deep("{\"batch\":", "}").into_bytes(),
            deep("{\"batch\":[", "]}").into_bytes(),
            format!(
                "{{\"userId\":\"u\",\"batch\":[{{\"userId\":\"u\",\"x\":{}}}]}}",
                deep("[", "]")
            )
            .into_bytes(),
            b"{\"batch\":[{\"userId\":\"\xff\xfe\"}]}".to_vec(),
            b"\xef\xbb\xbf\x00\x00".to_vec(),
            b"{\"batch\":[{\"userId\":\"\\ud800\"}]}".to_vec(),
            b"[".repeat(900_000),
            b"\"".repeat(900_000),
        ] {
            let answer = source.post(path, &body);
            let told = matches!(answer.status, 200 | 400 | 413);
            assert!(told, "{path} {} {answer:?}", body.len());
        }
    }
    unharmed(&source, before);
    let ended = source.stop();
    assert!([0, 65].contains(&ended.code), "{}", ended.stderr);
}

#[test]
fn random_bytes_are_answered_or_hung_up_on() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    let before = warm(&source);
    let mut chance = fastrand::Rng::with_seed(29);
    for _ in 0..200 {
        let length = chance.usize(0..300);
        let bytes: Vec<u8> = (0..length).map(|_| chance.u8(..)).collect();
        let encoding = chance.choice(["gzip", "deflate", "zstd", "identity"]).unwrap();
        let answer = source.send("POST /v1/batch", &[("content-encoding", encoding)], &bytes);
        assert!(matches!(answer.status, 400 | 500), "{encoding} {bytes:?} {answer:?}");
        let mut raw = source.connect();
        raw.0.write_all(&[&bytes[..], b"\r\n\r\n"].concat()).unwrap();
    }
    unharmed(&source, before);
    source.stop().expect(0);
}

#[test]
fn bombs_and_what_is_too_large_take_no_more_than_a_request_may() {
    let folder = folder("", "max_request_bytes = 1000000\nmax_in_flight_bytes = 4000000");
    let source = Source::start(folder.path());
    let before = warm(&source);
    let blank = vec![b' '; 64 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&blank).unwrap();
    let packed = [
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::encode_all(&blank[..], 3).unwrap()),
        ("identity", blank),
    ];
    // All of them at once, and again.
    for _ in 0..3 {
        std::thread::scope(|scope| {
            for (encoding, body) in &packed {
                let mut client = source.connect();
                scope.spawn(move || {
                    client.send("POST /v1/batch", &[("content-encoding", encoding)], body);
                    let answer = client.answer();
                    assert_eq!(answer.body, "request size exceeds max limit\n", "{encoding}");
                });
            }
        });
    }
    unharmed(&source, before);
    source.stop().expect(0);
}

#[test]
fn clients_that_never_come_to_an_end_leave_room_for_others() {
    let options =
        "max_connections = 250\nmax_request_bytes = 1000000\nmax_in_flight_bytes = 4000000";
    let folder = folder("", options);
    let source = Source::start(folder.path());
    let before = warm(&source);
    let begun = |head: &str, rest: usize| {
        let mut client = source.connect();
        let bytes = [head.as_bytes(), &b"x".repeat(rest)].concat();
        client.0.write_all(&bytes).expect("there is room for it");
        client
    };
    // Half a head each, and half a body each, of which the first thirty say all they can.
    let heads: Vec<_> =
        (0..100).map(|_| begun("POST /v1/batch HTTP/1.1\r\nx-slow: ", 20_000)).collect();
    let head = "POST /v1/batch HTTP/1.1\r\nhost: source\r\ncontent-length: 1000000\r\n\r\n";
    let bodies: Vec<_> = (0..100).map(|_| begun(head, 10_000)).collect();
    let greedy: Vec<_> = (0..30).map(|_| begun(head, 0)).collect();
    unharmed(&source, before);
    std::thread::scope(|scope| {
        for mut client in greedy {
            // What finds no room is sent away, and may be hung up on before it has said all.
            scope.spawn(move || client.0.write_all(&b"x".repeat(999_000)));
        }
    });
    drop((heads, bodies));
    let more = peak_memory(&source.running).saturating_sub(before);
    assert!(more < MOST_KIB, "{more} KiB more than before");
    source.running.terminate();
    source.running.end();
}

#[test]
fn more_clients_than_places_wait_for_one_and_are_served() {
    let folder = folder("", "max_connections = 2");
    let source = Source::start(folder.path());
    let mut clients: Vec<_> = (0..6).map(|_| source.connect()).collect();
    for (client, id) in clients.iter_mut().zip(0..) {
        client.send("POST /v1/track", &[], track("u", &id.to_string()));
    }
    for mut client in clients {
        assert_eq!(client.answer().body, "ok");
    }
    let ended = source.stop().expect(0);
    assert_eq!(ended.count("delivered"), 6);
}
