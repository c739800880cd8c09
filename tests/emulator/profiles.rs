//! `/profiles/{user_id}`.

use courier_sink::config::emulator::UnknownProfile;
use courier_sink::emulator::{Merge, Settings};
use serde_json::{Value, json};

use crate::contract;
use crate::support::{assert_invalid, call, courier, get};

#[tokio::test]
async fn post_merges_deeply_and_null_deletes_at_any_depth() {
    let courier = courier();
    let first = json!({"profile": {"email": "a@b.c", "custom": {"plan": "free", "old": 1}, "tags": [1, 2]}});
    let answer = call(&courier, "POST /profiles/u1", first).await;
    assert_eq!(answer, (200, json!({"status": "SUCCESS"})));
    let second =
        json!({"profile": {"custom": {"plan": "paid", "old": null}, "tags": [3], "email": null}});
    call(&courier, "POST /profiles/u1", second).await;
    let expected = json!({"custom": {"plan": "paid"}, "tags": [3]});
    assert_eq!(get(&courier, "/profiles/u1").await, (200, json!({"profile": expected})));
    assert_eq!(courier.profile("u1"), Some(expected));
}

#[tokio::test]
async fn a_shallow_merge_is_a_setting() {
    let courier = contract::courier(Settings { merge: Merge::Shallow, ..Settings::default() });
    call(&courier, "POST /profiles/u", json!({"profile": {"a": 1, "c": {"x": 1}}})).await;
    call(&courier, "POST /profiles/u", json!({"profile": {"c": {"y": 1}}})).await;
    assert_eq!(courier.profile("u"), Some(json!({"a": 1, "c": {"y": 1}})));
}

#[tokio::test]
async fn put_replaces_and_an_empty_post_creates() {
    let courier = courier();
    call(&courier, "POST /profiles/u", json!({"profile": {"a": 1}})).await;
    let answer = call(&courier, "PUT /profiles/u", json!({"profile": {"b": {"c": 2}}})).await;
    assert_eq!(answer, (200, json!({"status": "SUCCESS"})));
    assert_eq!(courier.profile("u"), Some(json!({"b": {"c": 2}})));
    call(&courier, "POST /profiles/new", json!({"profile": {}})).await;
    assert_eq!(courier.profile("new"), Some(json!({})));
}

#[tokio::test]
async fn an_unknown_profile_reads_as_empty_and_a_deleted_one_too() {
    let courier = courier();
    assert_eq!(get(&courier, "/profiles/nobody").await, (200, json!({"profile": {}})));
    call(&courier, "POST /profiles/u", json!({"profile": {"a": 1}})).await;
    assert_eq!(call(&courier, "DELETE /profiles/u", Value::Null).await, (204, Value::Null));
    assert_eq!(get(&courier, "/profiles/u").await, (200, json!({"profile": {}})));
    assert_eq!(courier.profile("u"), None);
}

#[tokio::test]
async fn an_unknown_profile_may_be_set_to_be_not_found() {
    let unknown_profile = UnknownProfile::NotFound;
    let courier = contract::courier(Settings { unknown_profile, ..Settings::default() });
    assert_invalid(&get(&courier, "/profiles/u").await, 404);
    call(&courier, "POST /profiles/u", json!({"profile": {}})).await;
    assert_eq!(get(&courier, "/profiles/u").await, (200, json!({"profile": {}})));
}

#[tokio::test]
async fn ids_decode_exactly() {
    let courier = courier();
    let ids = [
        ("a%2Fb", "a/b"),
        ("50%25", "50%"),
        ("a%2520b", "a%20b"),
        ("with%20space", "with space"),
        ("plus+plus", "plus+plus"),
        ("%C3%A9%F0%9F%8E%89", "é🎉"),
        ("a@b.c", "a@b.c"),
        ("a%40b.d", "a@b.d"),
        ("x%3Fy%23z", "x?y#z"),
    ];
    for (raw, id) in ids {
        let line = format!("POST /profiles/{raw}");
        let answer = call(&courier, &line, json!({"profile": {"id": id}})).await;
        assert_eq!(answer.0, 200, "{raw}");
        assert_eq!(courier.profile(id), Some(json!({"id": id})), "{raw}");
        assert_eq!(courier.requests().last().expect("just sent").path, format!("/profiles/{raw}"));
    }
    assert_invalid(&call(&courier, "POST /profiles/%FF", json!({"profile": {}})).await, 400);
}

#[tokio::test]
async fn a_body_without_a_profile_object_is_refused() {
    let courier = courier();
    for body in [json!({}), json!({"profile": 1}), json!({"profile": null}), json!([]), json!("x")]
    {
        for method in ["POST", "PUT"] {
            let answer = call(&courier, &format!("{method} /profiles/u"), body.clone()).await;
            assert_invalid(&answer, 400);
        }
    }
    assert_eq!(courier.profile("u"), None);
}

#[tokio::test]
async fn a_patch_is_carried_out_whole_or_not_at_all() {
    let courier = courier();
    let patch = |patch: Value| call(&courier, "PATCH /profiles/u", json!({"patch": patch}));
    let add = json!([{"op": "add", "path": "/a", "value": "1"}, {"op": "add", "path": "/b", "value": "2"}]);
    assert_eq!(patch(add).await, (204, Value::Null));
    let removal = json!([{"op": "add", "path": "/c", "value": ""}, {"op": "remove", "path": "/c", "value": ""}]);
    assert_eq!(patch(removal).await, (204, Value::Null));
    let half = json!([{"op": "replace", "path": "/a", "value": "3"}, {"op": "test", "path": "/b", "value": "x"}]);
    assert_invalid(&patch(half).await, 400);
    assert_eq!(courier.profile("u"), Some(json!({"a": "1", "b": "2"})));
    for wrong in [
        json!({}),
        json!([{"op": "grow", "path": "/a", "value": ""}]),
        json!([{"op": "remove", "path": "", "value": ""}]),
        json!([{"op": "remove", "path": "/a"}]),
        json!([{"op": "add", "path": "/a", "value": 1}]),
        json!([{"op": "add", "path": "/a", "value": {"b": "c"}}]),
    ] {
        assert_invalid(&patch(wrong).await, 400);
    }
}

#[tokio::test]
async fn a_patch_cannot_double_a_profile_without_end() {
    let courier = courier();
    let mut doubling = vec![json!({"op": "add", "path": "/a", "value": "x".repeat(1_000)})];
    for index in 0..40 {
        let path = format!("/{index}");
        doubling.push(json!({"op": "copy", "from": "", "path": path, "value": ""}));
    }
    let answer = call(&courier, "PATCH /profiles/u", json!({"patch": doubling})).await;
    assert_invalid(&answer, 413);
    assert_eq!(courier.profile("u"), None);
}
