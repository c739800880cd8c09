//! Events that come by GET: images, and webhooks that cannot do otherwise.

use std::io::Read;

use serde_json::json;

use crate::client::{Client, Source, folder};
use crate::process::{Emulated, dead_letters};

/// Status and bytes of an answer that ends with its connection.
fn image(source: &Source, line: &str) -> (String, Vec<u8>) {
    let mut client: Client = source.connect();
    client.send(line, &[("connection", "close")], "");
    let mut bytes = Vec::new();
    client.0.read_to_end(&mut bytes).expect("it is answered");
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").expect("a head ends");
    let body = bytes.split_off(end + 4);
    (String::from_utf8(bytes).expect("a head is ASCII").to_ascii_lowercase(), body)
}

#[test]
fn a_pixel_is_an_image_whatever_becomes_of_its_event() {
    let courier_folder = tempfile::tempdir().unwrap();
    let courier = Emulated::start(courier_folder.path(), "right");
    let folder = folder(&courier.url(), "write_keys = [\"web\"]");
    let source = Source::start(folder.path());
    for query in [
        "writeKey=web&userId=u&event=Mail+Opened&properties.mail=m1&context.page.url=https%3A%2F%2Fx.example",
        "writeKey=wrong&userId=u&event=X",
        "userId=u&event=X",
        "writeKey=web&event=X",
        "writeKey=web&userId=%ff",
        "",
    ] {
        let (head, body) = image(&source, &format!("GET /pixel/v1/track?{query}"));
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert!(head.contains("content-type: image/gif") && head.contains("no-store"), "{head}");
        // One dot wide and high.
        assert_eq!((body.get(..10), body.len()), (Some(&b"GIF89a\x01\0\x01\0"[..]), 43));
    }
    // Asked for what it would say, nothing is done.
    assert!(image(&source, "HEAD /pixel/v1/track?writeKey=web&userId=u&event=X").1.is_empty());
    image(&source, "GET /pixel/v1/page?writeKey=web&userId=u");
    let ended = source.stop().expect(0);
    assert_eq!((ended.count("track"), ended.count("page")), (1, 1), "{}", ended.stdout);
    let event = &courier.requests()[0]["body"];
    for (pointer, value) in [
        ("/type", json!("track")),
        ("/event", json!("Mail Opened")),
        ("/properties", json!({"mail": "m1"})),
        ("/context/page/url", json!("https://x.example")),
        ("/channel", json!("web")),
        ("/integrations", json!({"All": true})),
        ("/writeKey", json!(null)),
    ] {
        assert_eq!(event.pointer(pointer).unwrap_or(&json!(null)), &value, "{pointer}: {event}");
    }
}

#[test]
fn a_webhook_by_get_is_answered_for_and_traits_alone_are_no_event() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    let ask = |query: &str| source.send(&format!("GET /v1/webhook?{query}"), &[], "").body;
    assert_eq!(ask("type=track&event=X&userId=u&messageId=1"), "ok");
    assert_eq!(ask("email=a%40example.com&plan=free"), "ok");
    assert_eq!(ask("a..b=1"), "invalid json\n");
    let ended = source.stop().expect(65);
    assert_eq!((ended.count("delivered"), ended.count("rejected")), (1, 1));
    let letters = dead_letters(folder.path());
    assert_eq!(letters[0]["record"]["email"], "a@example.com");
}
