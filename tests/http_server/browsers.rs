//! What a browser asks before and after it sends: any page may send, and see the answer.

use crate::client::{Source, folder, track};

const PAGE: &str = "https://shop.example";

#[test]
fn a_preflight_lets_any_page_send_with_any_header() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    let headers = [
        ("origin", PAGE),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "anonymousid,authorization,content-type,rsa-recovered"),
    ];
    let answer = source.send("OPTIONS /v1/track", &headers, "");
    assert!((200..300).contains(&answer.status), "{answer:?}");
    for (name, value) in [
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,POST,HEAD"),
        ("access-control-allow-headers", headers[2].1),
        ("access-control-max-age", "900"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{answer:?}");
    }
    source.stop().expect(0);
}

#[test]
fn an_answer_may_be_seen_by_the_page_also_when_it_is_a_refusal() {
    let folder = folder("", "write_keys = [\"web\"]");
    let source = Source::start(folder.path());
    let body = format!("{{\"batch\":[{}]}}", track("u", "1"));
    for (line, status) in [
        ("POST /beacon/v1/batch?writeKey=web", 200),
        ("POST /beacon/v1/batch?x=1&writeKey=w%65b", 200),
        ("POST /beacon/v1/batch", 401),
    ] {
        let headers = [("origin", PAGE), ("content-type", "text/plain;charset=UTF-8")];
        let answer = source.send(line, &headers, &body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    }
    source.stop().expect(0);
}
