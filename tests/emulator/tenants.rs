//! `/tenants` and memberships.

use serde_json::{Value, json};

use crate::support::{assert_invalid, call, courier, get};

#[tokio::test]
async fn put_replaces_whole_and_answers_the_tenant() {
    let courier = courier();
    let body = json!({
        "name": "Acme", "brand_id": "b", "properties": {"plan": "x"},
        "default_preferences": {"items": [{"id": "t1", "status": "OPTED_IN", "has_custom_routing": true}]},
    });
    let mut expected = body.clone();
    expected["id"] = json!("acme");
    expected["default_preferences"]["items"][0]["type"] = json!("subscription_topic");
    assert_eq!(call(&courier, "PUT /tenants/acme", body).await, (200, expected.clone()));
    assert_eq!(get(&courier, "/tenants/acme").await, (200, expected.clone()));
    assert_eq!(courier.tenant("acme"), Some(expected));

    call(&courier, "PUT /tenants/acme", json!({"name": "New"})).await;
    assert_eq!(courier.tenant("acme"), Some(json!({"id": "acme", "name": "New"})));
}

#[tokio::test]
async fn an_unknown_tenant_is_not_found() {
    let courier = courier();
    assert_invalid(&get(&courier, "/tenants/none").await, 404);
    call(&courier, "PUT /tenants/t", json!({"name": "T"})).await;
    assert_eq!(call(&courier, "DELETE /tenants/t", Value::Null).await, (204, Value::Null));
    assert_invalid(&get(&courier, "/tenants/t").await, 404);
}

#[tokio::test]
async fn a_tenant_of_the_wrong_shape_is_refused() {
    let courier = courier();
    let wrong = [
        json!({}),
        json!({"name": 1}),
        json!({"name": "n", "properties": []}),
        json!({"name": "n", "brand_id": 1}),
        json!({"name": "n", "default_preferences": {"items": [{"id": "t", "status": "MAYBE"}]}}),
        json!({"name": "n", "default_preferences": {"items": {}}}),
        json!({"name": "n", "default_preferences": {"items": [{"id": "t", "status": "OPTED_IN", "has_custom_routing": "x"}]}}),
        json!({"name": "n", "default_preferences": {"items": [{"id": "t", "status": "OPTED_IN", "custom_routing": ["pigeon"]}]}}),
        json!({"name": "n", "default_preferences": {"items": [{"id": "t", "status": "OPTED_IN", "custom_routing": 7}]}}),
    ];
    for body in wrong {
        assert_invalid(&call(&courier, "PUT /tenants/t", body).await, 400);
    }
    let item = json!({"id": "t", "status": "REQUIRED", "has_custom_routing": null, "custom_routing": ["sms", "inbox"]});
    for preferences in [json!({"items": null}), json!({"items": [item]})] {
        let body = json!({"name": "n", "properties": null, "default_preferences": preferences});
        assert_eq!(call(&courier, "PUT /tenants/t", body).await.0, 200);
    }
}

#[tokio::test]
async fn tenants_list_in_pages() {
    let courier = courier();
    assert_eq!(
        get(&courier, "/tenants?limit=1").await,
        (200, json!({"items": [], "has_more": false, "url": "/tenants", "type": "list"})),
    );
    for id in ["c", "a", "b"] {
        let body = json!({"name": id, "parent_tenant_id": if id == "a" { "x" } else { "p q" }});
        call(&courier, &format!("PUT /tenants/{id}"), body).await;
    }
    let (_, first) = get(&courier, "/tenants?limit=2").await;
    assert_eq!((&first["items"][0]["id"], &first["items"][1]["id"]), (&json!("a"), &json!("b")));
    assert_eq!(first["has_more"], true);
    let (_, second) = get(&courier, first["next_url"].as_str().expect("there is more")).await;
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1));
    assert_eq!((&second["items"][0]["id"], &second["has_more"]), (&json!("c"), &json!(false)));

    let (_, children) = get(&courier, "/tenants?parent_tenant_id=p+q&limit=1").await;
    assert_eq!(children["items"][0]["id"], "b");
    let (_, children) = get(&courier, children["next_url"].as_str().expect("there is more")).await;
    assert_eq!((&children["items"][0]["id"], &children["has_more"]), (&json!("c"), &json!(false)));
    let (_, all) = get(&courier, "/tenants?parent_tenant_id=").await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(3));
    for query in ["limit=0", "limit=101", "limit=x", "cursor=zz"] {
        assert_invalid(&get(&courier, &format!("/tenants?{query}")).await, 400);
    }
}

#[tokio::test]
async fn a_membership_needs_nothing_to_exist_and_merges_only_what_is_given() {
    let courier = courier();
    let path = "/users/u%2F1/tenants/t%201";
    let put = |body| call(&courier, "PUT /users/u%2F1/tenants/t%201", body);
    assert_invalid(&get(&courier, path).await, 404);
    assert_eq!(put(json!({"profile": {"a": 1, "b": {"c": 1}}})).await, (204, Value::Null));
    assert_eq!(put(json!({})).await, (204, Value::Null));
    assert_eq!(put(json!({"profile": null})).await, (204, Value::Null));
    assert_eq!(put(json!({"profile": {"b": {"d": 2}, "a": null}})).await, (204, Value::Null));
    let profile = json!({"b": {"c": 1, "d": 2}});
    let expected = json!({"user_id": "u/1", "tenant_id": "t 1", "profile": profile});
    assert_eq!(get(&courier, path).await, (200, expected));
    assert_eq!(courier.members("t 1"), [("u/1".to_owned(), profile)]);
    assert_eq!((courier.profile("u/1"), courier.tenant("t 1")), (None, None));
    assert_invalid(&put(Value::Null).await, 400);
    assert_invalid(&put(json!({"profile": 1})).await, 400);

    assert_eq!(call(&courier, &format!("DELETE {path}"), Value::Null).await, (204, Value::Null));
    assert_invalid(&get(&courier, path).await, 404);
}

#[tokio::test]
async fn memberships_list_from_both_sides_and_go_with_their_tenant() {
    let courier = courier();
    for (user, tenant) in [("u2", "t1"), ("u1", "t1"), ("u1", "t2")] {
        call(&courier, &format!("PUT /users/{user}/tenants/{tenant}"), json!({})).await;
    }
    let item =
        |user, tenant| json!({"tenant_id": tenant, "user_id": user, "type": "user", "profile": {}});
    let (_, users) = get(&courier, "/tenants/t1/users").await;
    assert_eq!(users["items"], json!([item("u1", "t1"), item("u2", "t1")]));
    assert_eq!(users["url"], "/tenants/t1/users");
    let (_, tenants) = get(&courier, "/users/u1/tenants?limit=1").await;
    assert_eq!(tenants["items"], json!([item("u1", "t1")]));
    let (_, tenants) = get(&courier, tenants["next_url"].as_str().expect("there is more")).await;
    assert_eq!(tenants["items"], json!([item("u1", "t2")]));
    call(&courier, "DELETE /tenants/t1", Value::Null).await;
    let (_, tenants) = get(&courier, "/users/u1/tenants").await;
    assert_eq!(tenants["items"], json!([item("u1", "t2")]));
}

#[tokio::test]
async fn several_memberships_are_made_beside_those_there_are_and_removed_together() {
    let courier = courier();
    call(&courier, "PUT /users/u/tenants/a", json!({"profile": {"x": 1}})).await;
    let body = json!({"tenants": [{"tenant_id": "b"}, {"tenant_id": "c", "type": "user", "profile": {"y": 1}}]});
    assert_eq!(call(&courier, "PUT /users/u/tenants", body).await.0, 204);
    let (_, page) = get(&courier, "/users/u/tenants").await;
    let tenants: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|it| &it["tenant_id"]).collect();
    assert_eq!(tenants, ["a", "b", "c"]);
    for wrong in [
        json!({}),
        json!({"tenants": [{"tenant_id": "d"}, {}]}),
        json!({"tenants": [{"tenant_id": "d", "type": "x"}]}),
    ] {
        assert_invalid(&call(&courier, "PUT /users/u/tenants", wrong).await, 400);
    }
    assert_eq!(courier.members("d").len(), 0);
    assert_eq!(call(&courier, "DELETE /users/u/tenants", Value::Null).await.0, 204);
    assert_eq!(get(&courier, "/users/u/tenants").await.1["items"], json!([]));
}

#[tokio::test]
async fn a_topic_of_a_tenant_is_put_and_removed() {
    let courier = courier();
    let path = "/tenants/t/default_preferences/items/news";
    let topic = json!({"status": "OPTED_IN", "has_custom_routing": null});
    assert_invalid(&call(&courier, &format!("PUT {path}"), topic.clone()).await, 404);
    call(&courier, "PUT /tenants/t", json!({"name": "T"})).await;
    for wrong in [
        json!({"status": "x"}),
        json!({"status": "OPTED_IN", "has_custom_routing": 1}),
        json!({"status": "OPTED_IN", "custom_routing": ["pigeon"]}),
    ] {
        assert_invalid(&call(&courier, &format!("PUT {path}"), wrong).await, 400);
    }
    for _ in 0..2 {
        assert_eq!(call(&courier, &format!("PUT {path}"), topic.clone()).await.0, 204);
    }
    let items = || courier.tenant("t").unwrap()["default_preferences"]["items"].clone();
    let expected = json!([{"id": "news", "status": "OPTED_IN", "has_custom_routing": null, "type": "subscription_topic"}]);
    assert_eq!(items(), expected);
    assert_eq!(call(&courier, &format!("DELETE {path}"), Value::Null).await.0, 204);
    assert_eq!(items(), json!([]));
}
