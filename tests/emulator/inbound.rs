//! `/inbound/*`.

use std::sync::atomic::Ordering;

use courier_sink::emulator::InboundKind;
use serde_json::{Value, json};

use crate::support::{assert_invalid, call, courier, courier_at};

fn track(message_id: &str) -> Value {
    json!({"event": "e", "messageId": message_id, "type": "track", "properties": {}, "userId": "u"})
}

#[tokio::test]
async fn a_track_is_recorded_and_answered_with_an_id_of_couriers_own() {
    let courier = courier();
    let (status, answer) = call(&courier, "POST /inbound/courier", track("m1")).await;
    assert_eq!(status, 202);
    assert_ne!(answer["messageId"], "m1");
    let [event] = courier.inbound().try_into().expect("one was sent");
    assert_eq!((event.kind, event.event_type), (InboundKind::Courier, "track"));
    assert_eq!(
        (event.event.as_deref(), json!(event.message_id)),
        (Some("e"), answer["messageId"].clone())
    );
    assert_eq!(event.body, track("m1").to_string());
}

#[tokio::test]
async fn a_courier_track_without_a_required_member_is_refused() {
    let courier = courier();
    for name in ["event", "messageId", "type", "properties"] {
        let mut body = track("m");
        body.as_object_mut().expect("an object").remove(name);
        let answer = call(&courier, "POST /inbound/courier", body).await;
        assert_invalid(&answer, 400);
        assert!(answer.1["message"].as_str().is_some_and(|message| message.contains(name)));
    }
    for (name, value) in
        [("type", json!("identify")), ("properties", json!([])), ("userId", json!(1))]
    {
        let mut body = track("m");
        body[name] = value;
        assert_invalid(&call(&courier, "POST /inbound/courier", body).await, 400);
    }
    assert_eq!(call(&courier, "POST /inbound/courier", track("m")).await.0, 202);
}

#[tokio::test]
async fn a_repeated_message_id_conflicts_per_kind_for_a_day() {
    let (courier, now) = courier_at();
    for line in ["POST /inbound/courier", "POST /inbound/rudderstack", "POST /inbound/segment"] {
        assert_eq!(call(&courier, line, track("m")).await.0, 202, "{line}");
        assert_invalid(&call(&courier, line, track("m")).await, 409);
    }
    assert_eq!(courier.inbound().len(), 3);
    now.fetch_add(24 * 3_600, Ordering::Relaxed);
    assert_eq!(call(&courier, "POST /inbound/courier", track("m")).await.0, 202);
}

#[tokio::test]
async fn identify_upserts_the_profile_from_traits() {
    let courier = courier();
    let identify =
        |id: Value, traits: Value| json!({"type": "Identify", "userId": id, "traits": traits});
    let send = |body| call(&courier, "POST /inbound/rudderstack", body);
    assert_eq!(send(identify(json!("u"), json!({"a": 1, "b": {"c": 1}}))).await.0, 202);
    assert_eq!(send(identify(json!("u"), json!({"b": {"d": 2}}))).await.0, 202);
    assert_eq!(courier.profile("u"), Some(json!({"a": 1, "b": {"c": 1, "d": 2}})));
    assert_eq!(send(identify(json!(42), json!({"a": 1}))).await.0, 202);
    assert_eq!(courier.profile("42"), Some(json!({"a": 1})));
    // Accepted, and without effect: an identify that has no user or no traits.
    let anonymous = json!({"type": "identify", "anonymousId": "x", "traits": {"a": 1}});
    assert_eq!(send(anonymous).await.0, 202);
    assert_eq!(send(json!({"type": "identify", "userId": "v"})).await.0, 202);
    assert_eq!((courier.profile("x"), courier.profile("v")), (None, None));
}

#[tokio::test]
async fn group_makes_the_membership_of_the_user_or_else_the_anonymous_id() {
    let courier = courier();
    let body = json!({"type": "group", "userId": "u", "anonymousId": "x", "groupId": "g", "traits": {"name": "G"}});
    assert_eq!(call(&courier, "POST /inbound/rudderstack", body).await.0, 202);
    let body = json!({"type": "group", "anonymousId": "x", "groupId": "g"});
    assert_eq!(call(&courier, "POST /inbound/rudderstack", body).await.0, 202);
    let members: Vec<_> = courier.members("g").into_iter().map(|(user, _)| user).collect();
    assert_eq!(members, ["u", "x"]);
    assert_eq!(courier.tenant("g"), None);
}

#[tokio::test]
async fn a_foreign_event_needs_a_known_type_and_no_more() {
    let courier = courier();
    for body in [json!({}), json!({"type": 1}), json!({"type": "page"}), json!([])] {
        assert_invalid(&call(&courier, "POST /inbound/rudderstack", body).await, 400);
    }
    for _ in 0..2 {
        let answer = call(&courier, "POST /inbound/rudderstack", json!({"type": "track"})).await;
        assert_eq!(answer.0, 202);
    }
}
