//! What the references of a run read, as its steps change it; and ids that are numbers.

use courier_sink::emulator::MessageStatus;
use serde_json::{Value, json};

use crate::support::{call, courier, run};

#[tokio::test]
async fn a_profile_that_was_updated_is_read_as_it_then_is() {
    let courier = courier();
    call(&courier, "POST /profiles/u", json!({"profile": {"email": "old", "a": 1}})).await;
    let update =
        json!({"action": "update-profile", "profile": {"email": "new"}, "merge": "overwrite"});
    courier.put_automation("update", json!({"steps": [update]})).expect("its steps are right");
    let read = json!({"action": "send", "data": "refs.profile"});
    for first in [update.clone(), json!({"action": "invoke", "template": "update"})] {
        let steps = json!([first, read]);
        let done = run(&courier, steps, json!({"profile": {"b": 2}})).await;
        assert_eq!(done.steps[1].resolved["data"], json!({"email": "new", "a": 1, "b": 2}));
        assert_eq!(done.context["profile"], done.steps[1].resolved["data"]);
    }
}

#[tokio::test]
async fn an_inbound_event_brings_no_profile_until_a_step_reads_or_writes_it() {
    let courier = courier();
    call(&courier, "POST /profiles/u", json!({"profile": {"email": "u@x.y", "a": 1}})).await;
    let read = json!({"action": "send", "template": "t", "data": "refs.profile"});
    let update = json!({"action": "update-profile", "profile": {"a": 2}, "merge": "overwrite"});
    let get = json!({"action": "get-profile", "user_id": "refs.recipient"});
    for (between, expected) in
        [(get, json!({"email": "u@x.y", "a": 1})), (update, json!({"email": "u@x.y", "a": 2}))]
    {
        let steps = json!([read, between, read]);
        let track = json!({"type": "track", "event": "E", "userId": "u",
            "properties": {"courier": {"automation": {"steps": steps}}}});
        assert_eq!(call(&courier, "POST /inbound/rudderstack", track).await.0, 202);
        let run = &courier.runs()[0];
        assert_eq!(run.steps[0].resolved["data"], Value::Null);
        assert_eq!(run.steps[2].resolved["data"], expected);
    }
}

#[tokio::test]
async fn a_profile_is_got_to_where_it_is_asked_for() {
    let courier = courier();
    call(&courier, "POST /profiles/v", json!({"profile": {"email": "v@x.y", "a": 1}})).await;
    for (more, expected) in [
        (json!({"path": "data.them"}), json!({"email": "v@x.y", "a": 2})),
        (
            json!({"path": "data.them", "merge_strategy": "overwrite"}),
            json!({"email": "v@x.y", "a": 1}),
        ),
        (json!({"path": "data.new.deep", "merge_strategy": "replace"}), Value::Null),
    ] {
        let mut step = json!({"action": "get-profile", "user_id": "v"});
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let read = json!({"action": "send", "data": "refs.data.them"});
        let done = run(&courier, json!([step, read]), json!({"data": {"them": {"a": 2}}})).await;
        if expected.is_null() {
            assert_eq!(done.context["data"]["new"]["deep"], json!({"email": "v@x.y", "a": 1}));
        } else {
            assert_eq!(done.steps[1].resolved["data"], expected);
        }
    }
}

#[tokio::test]
async fn an_id_that_is_a_number_is_the_number_as_it_is_written() {
    let courier = courier();
    let message = json!({"to": {"user_id": "refs.data.userId"}, "template": "t"});
    let steps = json!([
        {"action": "send", "message": message},
        {"action": "send", "recipient": "refs.data.userId", "template": "t"},
        {"action": "invoke", "template": "child", "context": {"recipient": "refs.data.userId"}},
    ]);
    courier.put_automation("child", json!({"steps": [{"action": "send"}]})).expect("steps");
    run(&courier, steps, json!({"data": {"userId": 7}})).await;
    let sent: Vec<_> = courier.messages().into_iter().map(|it| (it.recipient, it.status)).collect();
    assert_eq!(sent, vec![("7".to_owned(), MessageStatus::Simulated); 3]);
}
