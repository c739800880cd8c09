//! Events on their way to Courier: what arrives of them, however they are packed.

use serde_json::{Value, json};
use tonic::codec::CompressionEncoding::{Gzip, Zstd};

use crate::client::{HEALTH, PUSH};
use crate::encode::{PROTO, event, float, log, logs, message, request, root, time};
use crate::rig::{Rig, track};
use crate::server::Server;

/// The bodies that Courier has got, by message id.
fn bodies(server: &Server) -> Vec<Value> {
    let requests = server.courier.requests();
    let body = |body: &[u8]| serde_json::from_slice(body).expect("bodies are JSON");
    requests.iter().map(|request| body(&request.body)).collect()
}

#[test]
fn the_paths_are_those_of_the_service() {
    let service = PROTO.get_service_by_name("vector.Vector").unwrap();
    let paths: Vec<_> = service
        .methods()
        .map(|method| format!("/{}/{}", service.full_name(), method.name()))
        .collect();
    assert_eq!(paths, [PUSH, HEALTH]);
}

#[tokio::test]
async fn what_is_sent_arrives_however_it_is_packed() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    let client = rig.client().await;
    assert_eq!(client.call(HEALTH, "", None).await.unwrap(), "");
    for (id, encoding) in [("1", None), ("2", Some(Gzip)), ("3", Some(Zstd))] {
        let request = logs([&track(id), &track(&format!("{id}b"))]);
        client.call(PUSH, request, encoding).await.unwrap();
    }
    client.push("").await.unwrap();
    assert_eq!(server.seen(0).len(), 6);
    let (ended, letters) = rig.stop().await;
    assert_eq!((ended.expect(0).count("delivered"), letters.len()), (6, 0));
}

#[tokio::test]
async fn events_keep_all_that_json_can_say() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "", "mode = \"inbound\"");
    let properties = json!({
        "big": i64::MAX, "less": -1, "half": 0.5, "yes": true, "none": null, "text": "ü\n\"",
        "host": "kept", "list": [1, [], {}, "a"], "deep": {"er": {"path": 1}},
    });
    let mut expected = track("1");
    expected["properties"] = properties;
    let mut sent = expected.clone();
    for added in ["host", "path", "source_type", "file"] {
        sent[added] = json!("vector");
    }
    expected["timestamp"] = json!("2000-02-29T12:30:15Z");
    let client = rig.client().await;
    client.push(request([log(&sent, &[("timestamp", time(951_827_415))])])).await.unwrap();
    let text = json!({"message": track("2").to_string(), "host": "vector", "source_type": "file"});
    client.push(request([log(&text, &[]), root(&json!(track("3").to_string()))])).await.unwrap();
    let mut bodies = bodies(&server);
    bodies.sort_by_key(|body| body["messageId"].to_string());
    assert_eq!(bodies, [expected, track("2"), track("3")]);
    rig.stop().await.0.expect(0);
}

#[tokio::test]
async fn a_bad_event_becomes_a_letter_and_the_good_ones_beside_it_arrive() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "encoding.except_fields = [\".gone\"]", "mode = \"inbound\"");
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    let mut good = track("1");
    good["gone"] = json!({"a": 1});
    let client = rig.client().await;
    let bad = [
        event("metric", message("event.Metric")),
        event("trace", message("event.Trace")),
        message("event.EventWrapper"),
        log(&track("nan"), &[("value", float(f64::NAN))]),
        log(&track("late"), &[("timestamp", time(i64::MAX))]),
        log(&json!({"type": "track", "userId": "u", "deep": deep, "messageId": "deep"}), &[]),
        log(&json!({"message": "hello"}), &[]),
        root(&json!("hello")),
        log(&good, &[]),
    ];
    client.push(request(bad)).await.unwrap();
    assert_eq!(bodies(&server)[0]["messageId"], "deep");
    assert_eq!(bodies(&server)[1], track("1"));
    let (ended, letters) = rig.stop().await;
    assert_eq!(ended.expect(65).count("unreadable"), 7);
    let details: Vec<_> = letters.iter().map(|letter| letter["detail"].as_str().unwrap()).collect();
    for (said, detail) in [
        "the event is a metric, of which no Courier request can be made",
        "the event is a trace, of which no Courier request can be made",
        "the event is neither a log, nor a metric, nor a trace",
        "`value` is the float NaN, null stands for it",
        "`timestamp` is a time that no date can be written for, null stands for it",
        "`type` is missing or empty",
        "the event is a text that holds no JSON",
    ]
    .into_iter()
    .zip(&details)
    {
        assert!(detail.contains(said), "{said}: {detail}");
    }
    assert_eq!(letters[3]["record"]["messageId"], "nan");
}

#[tokio::test]
async fn who_is_not_trusted_starts_no_automation() {
    let server = Server::start();
    let mut event = track("1");
    event["properties"] = json!({"courier": {"automation": {"template": "free-money"}}});
    for (source, path) in [("", "/automations/free-money/invoke"), ("trusted = false", "/inbound/")]
    {
        let before = server.seen(0).len();
        let rig = Rig::start(&server.url, source, "");
        rig.client().await.push(logs([&event])).await.unwrap();
        assert!(server.seen(before)[0].contains(path), "{:?}", server.seen(before));
        rig.stop().await.0.expect(0);
    }
}

#[tokio::test]
async fn twenty_megabytes_arrive_in_one_request() {
    let server = Server::start();
    let rig = Rig::start(&server.url, "acknowledgement_timeout_secs = 60", "mode = \"inbound\"");
    let events: Vec<_> = (0..20)
        .map(|number| {
            let mut event = track(&number.to_string());
            event["properties"] = json!({"text": "x".repeat(1_000_000)});
            event
        })
        .collect();
    let request = logs(&events);
    assert!(request.len() > 20_000_000);
    let client = rig.client().await;
    client.call(PUSH, request.clone(), None).await.unwrap();
    assert_eq!(server.seen(0).len(), 20);
    // The same again is a resend, and answered at once.
    client.call(PUSH, request, Some(Zstd)).await.unwrap();
    assert_eq!(server.seen(0).len(), 20);
    assert_eq!(rig.stop().await.0.expect(0).count("delivered"), 20);
}
