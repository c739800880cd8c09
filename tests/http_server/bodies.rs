//! Bodies as they travel: packed, too large, many at once.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::json;

use crate::client::{Source, folder, track};
use crate::memory::peak_memory;
use crate::process::Emulated;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).expect("memory takes all")
}

#[test]
fn every_encoding_is_undone_and_none_is_taken_for_another() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    let send = |encoding: &str, body: &[u8]| {
        let headers =
            [("content-encoding", encoding), ("content-type", "application/x-www-form-urlencoded")];
        let answer = source.send("POST /v1/batch", &headers, body);
        (answer.status, answer.body)
    };
    let body = |id| format!("{{\"batch\":[{}]}}", track("u", id)).into_bytes();
    let ok = (200, "ok".to_owned());
    assert_eq!(send("gzip", &gzip(&body("1"))), ok);
    assert_eq!(send("GZIP", &gzip(&body("2"))), ok);
    assert_eq!(send("deflate", &deflate(&body("3"))), ok);
    assert_eq!(send("zstd", &zstd(&body("4"))), ok);
    assert_eq!(send("identity", &body("5")), ok);
    let broken = (500, "failed to read body from request\n".to_owned());
    assert_eq!(send("gzip", &body("6")), broken);
    assert_eq!(send("zstd", &gzip(&body("6"))), broken);
    let torn = gzip(&body("6"));
    assert_eq!(send("gzip", &torn[..torn.len() - 4]), broken);
    assert_eq!(send("br", &gzip(&body("6"))), (400, "invalid json\n".to_owned()));
    let ended = source.stop().expect(0);
    assert_eq!(ended.count("delivered"), 5);
}

#[test]
fn what_is_too_large_packed_or_not_is_refused_and_the_next_request_works() {
    let folder = folder("", "max_request_bytes = 100000\nmax_request_events = 10");
    let source = Source::start(folder.path());
    let too_large = (413, "request size exceeds max limit\n");
    let bomb = vec![b' '; 50 << 20];
    for (encoding, body) in [
        ("identity", vec![b' '; 100_001]),
        ("identity", vec![b' '; 20 << 20]),
        ("gzip", gzip(&bomb)),
        ("deflate", deflate(&bomb)),
        ("zstd", zstd(&bomb)),
        ("identity", format!("{{\"batch\":[{}{{}}]}}", "{},".repeat(10)).into_bytes()),
    ] {
        let answer = source.send("POST /v1/batch", &[("content-encoding", encoding)], body);
        assert_eq!((answer.status, answer.body.as_str()), too_large, "{encoding}");
    }
    assert_eq!(source.batch(&[&track("u", "1")]).0, 200);
    let peak = peak_memory(&source.running);
    assert!(peak < 100 << 10, "{peak} KiB");
    source.stop().expect(0);
}

#[test]
fn what_the_gateway_adds_is_added_unless_it_is_switched_off() {
    let courier_folder = tempfile::tempdir().unwrap();
    let courier = Emulated::start(courier_folder.path(), "right");
    let event = r#"{"event":"X","userId":"u1","n":9007199254740993}"#;
    let sent = |folder: &tempfile::TempDir| {
        let source = Source::start(folder.path());
        let headers = [("x-forwarded-for", "192.0.2.7, 10.0.0.1")];
        assert_eq!(source.send("POST /v1/track", &headers, event).body, "ok");
        source.stop().expect(0);
        let requests = courier.requests();
        requests.last().expect("it was delivered")["body"].clone()
    };
    let body = sent(&folder(&courier.url(), "gateway_fields = true"));
    assert_eq!(body["type"], "track");
    assert_eq!(body["request_ip"], "192.0.2.7");
    assert_eq!(body["rudderId"], "5eff0fc3-0944-48fa-9c04-38f62e3890ca");
    assert!(body["receivedAt"].as_str().unwrap().ends_with('Z'));
    assert_eq!(body["messageId"].as_str().unwrap().len(), 36);
    let body = sent(&folder(&courier.url(), "gateway_fields = false"));
    let names: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(body["type"], json!("track"));
    assert!(!names.iter().any(|name| *name == "rudderId" || *name == "request_ip"), "{names:?}");
}
