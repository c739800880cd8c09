//! What inbound events start: what is linked to them, and what they bring themselves.

use courier_sink::emulator::{Courier, InboundKind, Link, Run, RunStatus, StartedBy, StepStatus};
use serde_json::{Value, json};

use crate::support::{call, courier};

fn link(source: InboundKind, on: &str, template: &str) -> Link {
    Link { source, on: on.to_owned(), template: template.to_owned() }
}

/// A Courier with an automation `a` that sends to the recipient, linked to the event.
fn linked(source: InboundKind, on: &str) -> Courier {
    let courier = courier();
    let steps = json!([{"action": "send", "template": "t", "data": {"$ref": "data"}}]);
    courier.put_automation("a", json!({"steps": steps})).expect("its steps are right");
    courier.link(link(source, on, "a")).expect("there are such events");
    courier
}

async fn event(courier: &Courier, path: &str, event: &Value) -> Vec<Run> {
    let (status, answer) = call(courier, &format!("POST /inbound/{path}"), event.clone()).await;
    assert_eq!(status, 202, "{answer}");
    let inbound = courier.inbound();
    let runs = inbound.last().expect("one was accepted").runs.iter();
    runs.map(|id| courier.run(id).expect("it was started")).collect()
}

fn track(properties: &Value) -> Value {
    json!({"type": "track", "event": "Order Completed", "userId": "u", "properties": properties})
}

#[tokio::test]
async fn a_track_starts_what_is_linked_to_its_name_with_itself_as_data() {
    let courier = linked(InboundKind::RudderStack, "track/Order Completed");
    let track = track(&json!({"total": 7}));
    let [run] = &event(&courier, "rudderstack", &track).await[..] else { panic!("one is linked") };
    assert_eq!(
        run.started_by,
        StartedBy::Event(InboundKind::RudderStack, "track/Order Completed".to_owned())
    );
    assert_eq!(run.recipient.as_deref(), Some("u"));
    assert_eq!(run.steps[0].resolved["data"], track);
    assert_eq!(courier.messages()[0].recipient, "u");
    let mut other = track;
    other["event"] = json!("order completed");
    assert!(event(&courier, "rudderstack", &other).await.is_empty());
}

#[tokio::test]
async fn a_trigger_hears_the_events_of_its_own_source_only() {
    let courier = linked(InboundKind::Courier, "track/Order Completed");
    let mut track = track(&json!({"total": 7}));
    track["messageId"] = json!("m");
    assert!(event(&courier, "rudderstack", &track).await.is_empty());
    assert!(event(&courier, "segment", &track).await.is_empty());
    let runs = event(&courier, "courier", &track).await;
    assert_eq!(runs[0].steps[0].resolved["data"], json!({"total": 7}));
}

#[tokio::test]
async fn the_payloads_data_stands_in_for_the_event() {
    let courier = linked(InboundKind::RudderStack, "track/Order Completed");
    let track = track(&json!({"courier": {"automation": {"data": {"userId": "my-user"}}}}));
    let runs = event(&courier, "rudderstack", &track).await;
    assert_eq!(runs[0].steps[0].resolved["data"], json!({"userId": "my-user"}));
}

#[tokio::test]
async fn a_payload_may_name_an_automation_or_bring_its_steps_in_place_of_what_is_linked() {
    let courier = linked(InboundKind::RudderStack, "track/Order Completed");
    courier.put_automation("b", json!({"steps": [{"action": "send", "template": "b"}]})).unwrap();
    let with = |automation: Value| track(&json!({"courier": {"automation": automation}}));
    let by_name = with(json!({"template": "b", "recipient": "v", "data": {}}));
    let runs = event(&courier, "rudderstack", &by_name).await;
    assert_eq!((runs.len(), runs[0].recipient.as_deref()), (1, Some("v")));
    let steps = json!([{"action": "send", "template": "c", "data": "refs.data"}]);
    let inline = with(json!({"steps": steps, "data": {"x": 1}, "cancelation_token": "k"}));
    let runs = event(&courier, "rudderstack", &inline).await;
    assert_eq!((runs.len(), runs[0].cancelation_token.as_deref()), (1, Some("k")));
    assert_eq!(runs[0].steps[0].resolved["data"], json!({"x": 1}));
    let sent: Vec<_> = courier.messages().into_iter().map(|it| it.notification).collect();
    assert_eq!(sent, ["c", "b"]);
}

#[tokio::test]
async fn steps_that_are_wrong_are_a_run_that_failed_and_says_why() {
    let courier = linked(InboundKind::RudderStack, "track/Order Completed");
    for (steps, reason) in [
        (json!({"action": "send"}), "'steps' must be an array"),
        (json!([{"action": "cancel"}]), "'steps[0].cancelation_token' is required"),
    ] {
        let track = track(&json!({"courier": {"automation": {"steps": steps}}}));
        let [run] = &event(&courier, "rudderstack", &track).await[..] else { panic!("{reason}") };
        assert_eq!((run.outcome, run.recipient.as_deref()), (RunStatus::Error, Some("u")));
        let [step] = &run.steps[..] else { panic!("{reason}") };
        assert_eq!((step.status, step.note.as_deref()), (StepStatus::Error, Some(reason)));
        assert_eq!(step.resolved, steps);
    }
    assert!(courier.messages().is_empty());
}

#[tokio::test]
async fn identify_and_group_start_what_is_linked_to_them_after_their_own_writes() {
    let courier = courier();
    let steps = json!([
        {"action": "get-profile", "user_id": "refs.recipient", "path": "profile"},
        {"action": "send", "data": "refs.profile"},
    ]);
    courier.put_automation("a", json!({"steps": steps})).unwrap();
    for on in ["identify", "group"] {
        courier.link(link(InboundKind::RudderStack, on, "a")).unwrap();
    }
    let identify = json!({"type": "identify", "userId": "u", "traits": {"email": "u@x.y"}});
    let runs = event(&courier, "rudderstack", &identify).await;
    assert_eq!(runs[0].steps[1].resolved["data"], json!({"email": "u@x.y"}));
    let group = json!({"type": "group", "anonymousId": "x", "groupId": "g"});
    let runs = event(&courier, "rudderstack", &group).await;
    assert_eq!(runs[0].recipient.as_deref(), Some("x"));
}

#[tokio::test]
async fn links_and_automations_are_written_through_the_emulators_own_routes() {
    let courier = courier();
    let steps = json!([{"action": "send"}]);
    let put =
        call(&courier, "PUT /emulator/automations/a", json!({"name": "A", "steps": steps})).await;
    assert_eq!(put.0, 204);
    let wrong = call(&courier, "PUT /emulator/automations/b", json!({"steps": [{}]})).await;
    assert_eq!(wrong.0, 400);
    let misspelt = json!({"steps": steps, "cancellation_token": "t"});
    let (status, answer) = call(&courier, "PUT /emulator/automations/b", misspelt).await;
    assert_eq!(status, 400);
    assert_eq!(
        answer["message"],
        "'cancellation_token' is not known here, only 'id', 'name', 'steps', 'cancelation_token'"
    );
    // What was read may be written again.
    let (_, mut read) = call(&courier, "GET /emulator/automations", Value::Null).await;
    assert_eq!(call(&courier, "PUT /emulator/automations/a", read[0].take()).await.0, 204);
    let (_, listed) = call(&courier, "GET /automations", Value::Null).await;
    assert_eq!(
        (&listed["templates"][0]["id"], &listed["templates"][0]["name"]),
        (&json!("a"), &json!("A"))
    );
    assert_eq!(
        call(&courier, "GET /automations?version=draft", Value::Null).await.1["templates"],
        json!([])
    );
    let (status, answer) = call(&courier, "GET /automations?version=x", Value::Null).await;
    assert_eq!((status, answer.get("type")), (400, None));

    let link = json!({"on": "track/E", "template": "a"});
    assert_eq!(call(&courier, "PUT /emulator/links", link.clone()).await.0, 204);
    for wrong in [
        json!({"on": "page", "template": "a"}),
        json!({"on": "track/", "template": "a"}),
        json!({"source": "courier", "on": "identify", "template": "a"}),
        json!({"source": "x", "on": "identify", "template": "a"}),
        json!({"sauce": "segment", "on": "identify", "template": "a"}),
        json!({"on": "identify", "template": ""}),
        json!({"on": "identify", "template": "."}),
        json!({"on": "identify", "template": ".."}),
        json!({"on": "identify", "template": "x".repeat(201)}),
    ] {
        assert_eq!(call(&courier, "PUT /emulator/links", wrong).await.0, 400);
    }
    let (_, links) = call(&courier, "GET /emulator/links", Value::Null).await;
    assert_eq!(links, json!([{"source": "rudderstack", "on": "track/E", "template": "a"}]));
    assert_eq!(call(&courier, "DELETE /emulator/links", link.clone()).await.0, 204);
    assert_eq!(call(&courier, "DELETE /emulator/links", link).await.0, 404);
    assert_eq!(call(&courier, "DELETE /emulator/automations/a", Value::Null).await.0, 204);
    assert_eq!(call(&courier, "DELETE /emulator/automations/a", Value::Null).await.0, 404);
    assert_eq!(call(&courier, "GET /emulator/automations", Value::Null).await.1, json!([]));
    assert!(courier.requests().iter().all(|request| !request.path.starts_with("/emulator")));
}

#[tokio::test]
async fn an_automation_takes_its_links_with_it_and_no_others() {
    let courier = courier();
    for id in ["a", "b"] {
        let steps = json!({"steps": [{"action": "send"}]});
        let line = format!("PUT /emulator/automations/{id}");
        assert_eq!(call(&courier, &line, steps).await.0, 204);
        for on in ["track/E", "identify"] {
            let body = json!({"on": on, "template": id});
            assert_eq!(call(&courier, "PUT /emulator/links", body).await.0, 204);
        }
    }
    assert_eq!(call(&courier, "DELETE /emulator/automations/a", Value::Null).await.0, 204);
    let left: Vec<_> = courier.links().into_iter().map(|link| link.template).collect();
    assert_eq!(left, ["b", "b"]);
    let event = json!({"type": "track", "event": "E", "userId": "u", "messageId": "1"});
    assert_eq!(call(&courier, "POST /inbound/rudderstack", event).await.0, 202);
    assert_eq!(courier.runs().len(), 1);
}
