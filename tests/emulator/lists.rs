//! `/lists`, subscriptions, and `/profiles/{id}/lists`.

use serde_json::{Value, json};

use crate::support::{assert_invalid, call, courier, get};

fn ids(answer: &Value, array: &str, id: &str) -> Vec<String> {
    let items = answer[array].as_array().expect("there is a list").iter();
    items.map(|item| item[id].as_str().expect("ids are strings").to_owned()).collect()
}

#[tokio::test]
async fn a_list_is_made_found_deleted_and_restored() {
    let courier = courier();
    assert_invalid(&get(&courier, "/lists/a.b").await, 404);
    assert_eq!(call(&courier, "PUT /lists/a.b", json!({"name": "B"})).await.0, 204);
    assert_eq!(call(&courier, "PUT /lists/a.c", json!({"name": "C"})).await.0, 204);
    assert_invalid(&call(&courier, "PUT /lists/a.c", json!({})).await, 400);
    let (_, list) = get(&courier, "/lists/a.b").await;
    assert_eq!((&list["id"], &list["name"]), (&json!("a.b"), &json!("B")));
    let (_, page) = get(&courier, "/lists?pattern=a.*&limit=1").await;
    assert_eq!(ids(&page, "items", "id"), ["a.b"]);
    let cursor = page["paging"]["cursor"].as_str().expect("there is more");
    let (_, page) = get(&courier, &format!("/lists?cursor={cursor}")).await;
    assert_eq!(
        (ids(&page, "items", "id"), &page["paging"]),
        (vec!["a.c".to_owned()], &json!({"more": false}))
    );
    assert_eq!(call(&courier, "DELETE /lists/a.b", Value::Null).await.0, 204);
    assert_invalid(&call(&courier, "DELETE /lists/a.b", Value::Null).await, 404);
    assert_invalid(&get(&courier, "/lists/a.b").await, 404);
    assert_eq!(call(&courier, "PUT /lists/a.b/restore", json!({})).await.0, 204);
    assert_eq!(get(&courier, "/lists/a.b").await.0, 200);
    assert_invalid(&call(&courier, "PUT /lists/none/restore", json!({})).await, 404);
    assert_invalid(&call(&courier, "DELETE /lists/none", Value::Null).await, 404);
}

#[tokio::test]
async fn subscriptions_are_seen_from_the_list_and_from_the_user() {
    let courier = courier();
    let opted = json!({"categories": {"c": {"status": "OPTED_IN"}}});
    let body =
        json!({"recipients": [{"recipientId": "u", "preferences": opted}, {"recipientId": "v"}]});
    assert_eq!(call(&courier, "POST /lists/l/subscriptions", body).await.0, 204);
    assert_eq!(call(&courier, "PUT /lists/m/subscriptions/u", json!({})).await.0, 204);
    let (_, page) = get(&courier, "/lists/l/subscriptions").await;
    assert_eq!(ids(&page, "items", "recipientId"), ["u", "v"]);
    assert_eq!(page["items"][0]["preferences"], opted);
    let (_, page) = get(&courier, "/profiles/u/lists").await;
    assert_eq!(ids(&page, "results", "id"), ["l", "m"]);
    let body = json!({"recipients": [{"recipientId": "w"}]});
    assert_eq!(call(&courier, "PUT /lists/l/subscriptions", body).await.0, 204);
    let (_, page) = get(&courier, "/lists/l/subscriptions").await;
    assert_eq!(ids(&page, "items", "recipientId"), ["w"]);
    assert_eq!(call(&courier, "DELETE /lists/m/subscriptions/u", Value::Null).await.0, 204);
    assert_invalid(&call(&courier, "DELETE /lists/m/subscriptions/u", Value::Null).await, 404);
}

#[tokio::test]
async fn a_user_subscribes_to_several_lists_and_leaves_all() {
    let courier = courier();
    let body = json!({"lists": [{"listId": "a"}, {"listId": "b", "preferences": null}]});
    assert_eq!(
        call(&courier, "POST /profiles/u/lists", body).await,
        (200, json!({"status": "SUCCESS"}))
    );
    let (_, page) = get(&courier, "/profiles/u/lists").await;
    assert_eq!(
        (ids(&page, "results", "id"), &page["paging"]),
        (vec!["a".to_owned(), "b".to_owned()], &json!({"more": false}))
    );
    call(&courier, "DELETE /profiles/u", Value::Null).await;
    assert_eq!(ids(&get(&courier, "/profiles/u/lists").await.1, "results", "id").len(), 2);
    assert_eq!(call(&courier, "DELETE /profiles/u/lists", Value::Null).await.0, 200);
    assert_eq!(get(&courier, "/profiles/u/lists").await.1["results"], json!([]));
}

/// A subscription of one user who wants a category so.
fn preferring(category: &Value) -> Value {
    let preferences = json!({"categories": {"c": category}});
    json!({"recipients": [{"recipientId": "u", "preferences": preferences}]})
}

#[tokio::test]
async fn wrong_subscriptions_are_refused_and_write_nothing() {
    let courier = courier();
    for body in [
        json!({}),
        json!({"recipients": {}}),
        json!({"recipients": [{"recipientId": "u"}, {}]}),
        preferring(&json!({"status": "?"})),
        preferring(&json!({"status": "OPTED_IN", "rules": 7})),
        preferring(&json!({"status": "OPTED_IN", "rules": [{"start": "2026-01-01"}]})),
        preferring(&json!({"status": "OPTED_IN", "channel_preferences": [{"channel": "pigeon"}]})),
        preferring(&json!({"status": "OPTED_IN", "channel_preferences": [{}]})),
    ] {
        assert_invalid(&call(&courier, "POST /lists/l/subscriptions", body).await, 400);
    }
    assert_invalid(&call(&courier, "POST /profiles/u/lists", json!({"lists": [{}]})).await, 400);
    assert_invalid(&get(&courier, "/lists/l").await, 404);
    let rules = json!([{"start": null, "until": "2026-01-01"}]);
    let channels = json!([{"channel": "email"}]);
    for category in [
        json!({"status": "OPTED_IN", "rules": rules, "channel_preferences": channels}),
        json!({"status": "OPTED_IN", "rules": null, "channel_preferences": null}),
    ] {
        let answer = call(&courier, "POST /lists/l/subscriptions", preferring(&category)).await;
        assert_eq!(answer.0, 204);
    }
}
