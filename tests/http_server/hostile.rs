//! Whatever bytes come, the source answers or hangs up, and the next good request works.

use std::io::Write;

use crate::client::{Source, folder, track};

#[test]
fn no_body_is_bad_enough_to_stop_it() {
    let folder = folder("", "max_request_bytes = 1000000");
    let source = Source::start(folder.path());
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
    assert_eq!(source.batch(&[&track("u", "1")]), (200, "ok".to_owned()));
    let ended = source.stop();
    assert!([0, 65].contains(&ended.code), "{}", ended.stderr);
}

#[test]
fn random_bytes_are_answered_or_hung_up_on() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
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
    assert_eq!(source.batch(&[&track("u", "1")]), (200, "ok".to_owned()));
    source.stop().expect(0);
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
