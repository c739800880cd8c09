//! `/send` and `/messages`.

use serde_json::{Value, json};

use crate::support::{assert_invalid, call, courier, get};

#[tokio::test]
async fn a_message_to_one_is_listed_under_the_id_of_its_request() {
    let courier = courier();
    let body =
        json!({"message": {"to": {"user_id": "u"}, "template": "t", "metadata": {"event": "e"}}});
    let (status, answer) = call(&courier, "POST /send", body).await;
    assert_eq!(status, 202);
    let id = answer["requestId"].as_str().expect("an id");
    let (_, message) = get(&courier, &format!("/messages/{id}")).await;
    let shown = json!({"id": id, "recipient": "u", "event": "e", "notification": "t", "status": "SIMULATED", "enqueued": message["enqueued"]});
    assert_eq!(message, shown);
    assert_invalid(&get(&courier, "/messages/none").await, 404);
}

#[tokio::test]
async fn a_message_to_several_is_listed_for_each() {
    let courier = courier();
    let to = json!([{"email": "a@b.c"}, {"list_id": "l"}, {}]);
    let body = json!({"message": {"to": to, "content": {"title": "T", "body": "B"}}});
    let request = call(&courier, "POST /send", body).await.1["requestId"].clone();
    let (_, page) = get(&courier, "/messages?limit=2").await;
    let results = page["results"].as_array().expect("a list");
    assert_eq!(
        (&results[0]["status"], &results[1]["recipient"]),
        (&json!("UNROUTABLE"), &json!("l"))
    );
    assert!(results.iter().all(|message| message["id"] != request));
    let cursor = page["paging"]["cursor"].as_str().expect("there is more");
    let (_, page) = get(&courier, &format!("/messages?cursor={cursor}")).await;
    assert_eq!(page["results"][0]["recipient"], "a@b.c");
    for (query, found) in [("recipient=l", 1), ("recipient=", 3), ("status=&event=", 3)] {
        let (_, page) = get(&courier, &format!("/messages?{query}")).await;
        assert_eq!(page["results"].as_array().map(Vec::len), Some(found), "{query}");
    }
}

#[tokio::test]
async fn a_message_needs_somebody_and_something() {
    let courier = courier();
    for message in [
        Value::Null,
        json!({"template": "t"}),
        json!({"to": "u", "template": "t"}),
        json!({"to": [1], "template": "t"}),
        json!({"to": {"user_id": "u"}}),
        json!({"to": {"user_id": "u"}, "template": 1}),
    ] {
        assert_invalid(&call(&courier, "POST /send", json!({"message": message})).await, 400);
    }
    assert!(courier.messages().is_empty());
}
