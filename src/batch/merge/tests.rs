//! What may be merged, what not, and that merging makes no difference to what Courier ends up with.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::courier::{TenantId, UserId};

fn profile(value: &Value) -> Action {
    let body = Body::new(json!({ "profile": value }).to_string()).unwrap();
    Action::Request(Request::PostProfile { user: UserId::new("u").unwrap(), body })
}

fn merged(earlier: &Value, later: &Value) -> Option<Value> {
    let Some(Action::Request(Request::PostProfile { body, .. })) =
        merge(&profile(earlier), &profile(later))
    else {
        return None;
    };
    Some(serde_json::from_slice::<Value>(&body.to_bytes()).unwrap()["profile"].clone())
}

#[test]
fn later_values_win_and_others_stay() {
    assert_eq!(
        merged(&json!({"a": 1, "b": 1}), &json!({"b": 2, "c": 3})),
        Some(json!({"a": 1, "b": 2, "c": 3}))
    );
    assert_eq!(merged(&json!({"a": {"x": 1}}), &json!({"a": null})), Some(json!({"a": null})));
    assert_eq!(
        merged(&json!({"a": {"x": 1}}), &json!({"a": {"x": 2, "y": 1}})),
        Some(json!({"a": {"x": 2, "y": 1}}))
    );
}

#[test]
fn what_depth_would_decide_is_not_merged() {
    for (earlier, later) in [
        (json!({"a": {"x": 1}}), json!({"a": {"y": 1}})),
        (json!({"a": 1}), json!({"a": {"x": 1}})),
        (json!({"a": null}), json!({"a": {"x": 1}})),
        (json!({"a": {"x": {"p": 1}}}), json!({"a": {"x": {"q": 1}}})),
    ] {
        assert_eq!(merged(&earlier, &later), None, "{earlier} {later}");
    }
}

#[test]
fn repeated_names_and_other_users_are_left_alone() {
    let body = Body::new(r#"{"profile":{"a":1,"a":2}}"#).unwrap();
    let repeats = Action::Request(Request::PostProfile {
        user: UserId::new("u").unwrap(),
        body: body.clone(),
    });
    let other = Action::Request(Request::PostProfile { user: UserId::new("v").unwrap(), body });
    assert_eq!(merge(&repeats, &profile(&json!({}))), None);
    assert_eq!(merge(&profile(&json!({})), &other), None);
}

#[test]
fn equal_writes_are_one_and_runs_are_never_merged() {
    let tenant = |name: &str| TenantId::new(name).unwrap();
    let join = |name| {
        Action::Request(Request::PutMembership {
            user: UserId::new("u").unwrap(),
            tenant: tenant(name),
        })
    };
    assert_eq!(merge(&join("t"), &join("t")), Some(join("t")));
    assert_eq!(merge(&join("t"), &join("s")), None);
    let run = Action::Request(Request::InvokeAdHoc { body: Body::empty_object() });
    assert_eq!(merge(&run, &run), None);
    let inbound = Action::Request(Request::InboundRudderStack { body: Body::empty_object() });
    assert_eq!(merge(&inbound, &inbound), None);
}

/// What a server does with a profile, merging `depth` levels of objects.
fn apply(stored: &mut Map<String, Value>, sent: &Value, depth: usize) {
    for (name, value) in sent.as_object().unwrap() {
        match (stored.get_mut(name), value) {
            (_, Value::Null) => {
                stored.remove(name);
            }
            (Some(Value::Object(inner)), Value::Object(_)) if depth > 0 => {
                apply(inner, value, depth - 1);
            }
            (_, Value::Object(_)) if depth > 0 => {
                let mut fresh = Map::new();
                apply(&mut fresh, value, depth - 1);
                stored.insert(name.clone(), Value::Object(fresh));
            }
            _ => {
                stored.insert(name.clone(), value.clone());
            }
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), Just(json!(1)), Just(json!([1])), Just(json!("s"))];
    leaf.prop_recursive(3, 12, 3, |inner| {
        proptest::collection::btree_map("[ab]", inner, 0..3).prop_map(|map| json!(map))
    })
}

fn object() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("[abc]", value(), 0..4).prop_map(|map| json!(map))
}

proptest! {
    #[test]
    fn one_request_does_what_two_do(stored in object(), earlier in object(), later in object()) {
        if let Some(merged) = merged(&earlier, &later) {
            for depth in [0, 1, 2, 9] {
                let mut twice = stored.as_object().unwrap().clone();
                let mut once = twice.clone();
                apply(&mut twice, &earlier, depth);
                apply(&mut twice, &later, depth);
                apply(&mut once, &merged, depth);
                prop_assert_eq!(&twice, &once, "depth {}, merged {}", depth, merged);
            }
        }
    }
}
