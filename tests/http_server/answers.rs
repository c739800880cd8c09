//! Every route and what is said to whom: the words RudderStack's SDKs understand.

use crate::client::{Source, folder, track};
use crate::process::dead_letters;

const EVENT: &str = r#"{"userId":"u","type":"track","event":"X"}"#;

#[test]
fn every_route_answers_as_the_gateway_does() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    let batch = format!("{{\"batch\":[{EVENT}]}}");
    let ok = (200, "ok");
    for (line, body, answer) in [
        ("POST /v1/batch", batch.as_str(), ok),
        ("POST /v1/import", &batch, ok),
        ("POST /beacon/v1/batch?writeKey=any", &batch, ok),
        ("POST /v1/identify", EVENT, ok),
        ("POST /v1/track", EVENT, ok),
        ("POST /v1/group", r#"{"userId":"u","groupId":"g"}"#, ok),
        ("POST /v1/page", EVENT, ok),
        ("POST /v1/screen", EVENT, ok),
        ("POST /v1/alias", EVENT, ok),
        ("POST /v1/merge", EVENT, ok),
        ("POST /v1/webhook", r#"{"type":"track","event":"X","userId":"u"}"#, ok),
        ("PUT /v1/webhook", &batch, ok),
        ("PATCH /v1/webhook", "{\"type\":\"page\"}\n{\"type\":\"page\"}\n", ok),
        ("POST /v1/batch", "", (400, "invalid json\n")),
        ("POST /v1/batch", "hello", (400, "invalid json\n")),
        ("POST /v1/batch", "{}", (400, "empty batch payload\n")),
        ("POST /v1/batch", "[]", (400, "empty batch payload\n")),
        ("POST /v1/batch", "{\"batch\":[5]}", (400, "event is not a valid rudder event\n")),
        ("POST /v1/track", "[]", (400, "event is not a valid rudder event\n")),
        (
            "POST /v1/track",
            "{\"event\":\"X\"}",
            (400, "request neither has anonymousId nor userId\n"),
        ),
        ("GET /v1/batch", "", (405, "")),
        ("GET /v1/webhook", "", (400, "request body is nil\n")),
        ("GET /v1/webhook?type=track&event=X&userId=u&properties.a=1", "", ok),
        ("DELETE /v1/webhook", "", (405, "")),
        ("POST /pixel/v1/track", "", (405, "")),
        ("POST /health", "", (405, "")),
        ("POST /v1/record", EVENT, (404, "404 page not found\n")),
        ("POST /v1/batch/", &batch, (404, "404 page not found\n")),
        ("GET /docs", "", (404, "404 page not found\n")),
    ] {
        let got = source.send(line, &[("content-type", "text/strange")], body);
        assert_eq!((got.status, got.body.as_str()), answer, "{line} {body}");
        // What Go's router says of a wrong method has no body.
        let text = (got.status != 405).then_some("text/plain; charset=utf-8");
        assert_eq!(got.header("content-type"), text, "{line}");
        let sniffed = (got.status == 400 || got.status == 404).then_some("nosniff");
        assert_eq!(got.header("x-content-type-options"), sniffed, "{line}");
    }
    let ended = source.stop().expect(0);
    assert_eq!((ended.count("delivered"), ended.count("rejected")), (9, 0), "{}", ended.stdout);
}

#[test]
fn health_and_version_are_json() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    for path in ["/health", "/"] {
        let answer = source.send(&format!("GET {path}"), &[], "");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        let health: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(health["acceptingEvents"], "TRUE");
    }
    let version: serde_json::Value =
        serde_json::from_str(&source.send("GET /version", &[], "").body).unwrap();
    assert_eq!(version["Features"], serde_json::json!(["gzip-req-payload"]));
    source.stop().expect(0);
}

#[test]
fn a_bad_record_becomes_a_dead_letter_and_the_good_ones_are_taken() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    let (good, other) = (track("u", "1"), track("u", "2"));
    let answer = source.batch(&[&good, "5", "{\"event\":}", "{\"type\":\"track\"}", &other]);
    assert_eq!(answer, (200, "ok".to_owned()));
    let ended = source.stop().expect(65);
    assert_eq!((ended.count("delivered"), ended.count("rejected")), (2, 3));
    let letters = dead_letters(folder.path());
    let details: Vec<_> = letters.iter().map(|letter| letter["detail"].as_str().unwrap()).collect();
    assert_eq!(
        details,
        [
            "event is not a valid rudder event",
            "invalid json",
            "request neither has anonymousId nor userId"
        ]
    );
    let origins: Vec<_> = letters.iter().map(|letter| letter["origin"].as_str().unwrap()).collect();
    assert_eq!(origins, ["in:2", "in:3", "in:4"], "each by its place in the batch");
}

#[test]
fn a_letter_of_what_is_no_event_says_whose_it_is_as_far_as_that_can_be_read() {
    let folder = folder("", "");
    let source = Source::start(folder.path());
    let good = track("u", "1");
    let answer = source.batch(&[
        r#"{"messageId":"m1","type":"identify","userId":"ann","traits":}"#,
        &good,
        r#"{"messageId":7,"userId":{},"anonymousId":"a","type":3}"#,
        r#"{"messageId":"m4","type":"track","userId":"..","event":[]}"#,
        r#"{"messageId":"m5","type":"Group","groupId":"secret"}"#,
    ]);
    assert_eq!(answer.0, 200);
    // A single event has no place.
    assert_eq!(source.post("/v1/webhook", r#"{"messageId":"m6","type":{}}"#).status, 200);
    source.stop().expect(65);
    let letters = dead_letters(folder.path());
    let said = |letter: &serde_json::Value| {
        ["origin", "type", "message_id", "user_id"].map(|it| letter.get(it).cloned())
    };
    let mut told: Vec<_> = letters.iter().map(said).collect();
    told.sort_by_key(|said| said[0].as_ref().map(ToString::to_string));
    let text = |text: &str| Some(text.into());
    assert_eq!(
        told,
        [
            [text("in"), None, text("m6"), None],
            [text("in:1"), text("identify"), text("m1"), text("ann")],
            [text("in:3"), None, text("7"), text("a")],
            [text("in:4"), text("track"), text("m4"), text("..")],
            [text("in:5"), text("group"), text("m5"), None],
        ]
    );
}

#[test]
fn the_strict_rule_refuses_the_whole() {
    let folder = folder("", "strict = true");
    let source = Source::start(folder.path());
    let good = track("u", "1");
    let (status, text) = source.batch(&[&good, "{}"]);
    assert_eq!((status, text.as_str()), (400, "request neither has anonymousId nor userId\n"));
    assert_eq!(source.batch(&[&good, "{x}"]), (400, "invalid json\n".to_owned()));
    // Where any shape is taken, lines are as good as an array.
    let lines = format!("{good}\n{}\n", track("u", "2"));
    for (body, answer) in [(lines.clone(), (200, "ok")), (lines + "{x}\n", (400, "invalid json\n"))]
    {
        let got = source.post("/v1/webhook", body);
        assert_eq!((got.status, got.body.as_str()), answer);
    }
    let ended = source.stop().expect(0);
    assert_eq!(ended.count("delivered"), 2);
}

#[test]
fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = folder("", &format!("address = \"{address}\""));
    let ended = crate::process::run(folder.path(), &["run", "config.toml"]).expect(66);
    let said = format!("cannot listen on {address}");
    assert!(ended.stderr.contains(&said), "{}", ended.stderr);
}
