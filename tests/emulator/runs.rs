//! What automations do, step by step, and what ends them.

use std::sync::atomic::Ordering;

use courier_sink::emulator::{MessageStatus, RunStatus, StepStatus};
use serde_json::json;

use crate::support::{assert_invalid, call, courier, courier_at, get, run, statuses};

#[tokio::test]
async fn a_send_lists_a_message_with_the_values_of_its_references() {
    let courier = courier();
    call(&courier, "POST /profiles/u", json!({"profile": {"email": "u@x.y", "plan": "free"}}))
        .await;
    let steps = json!([{
        "action": "send", "template": "t", "recipient": "refs.recipient",
        "data": {"plan": {"$ref": "profile.plan"}, "text": "Order ${data.order}", "none": "refs.data.none"},
    }]);
    let run = run(&courier, steps, json!({"data": {"order": 7}})).await;
    assert_eq!(run.outcome, RunStatus::Processed);
    let [step] = &run.steps[..] else { panic!("there is one step") };
    assert_eq!(step.resolved["data"], json!({"plan": "free", "text": "Order 7", "none": null}));
    assert_eq!(step.unresolved, ["refs.data.none"]);
    let [message] = &courier.messages()[..] else { panic!("there is one message") };
    assert_eq!(Some(&message.id), step.message_id.as_ref());
    assert_eq!((message.recipient.as_str(), message.notification.as_str()), ("u", "t"));
    assert_eq!(
        (message.status, message.run_id.as_ref()),
        (MessageStatus::Simulated, Some(&run.run_id))
    );
    let (_, answer) = get(&courier, &format!("/automations/runs/{}/steps", run.run_id)).await;
    let shown = &answer["steps"][0];
    assert_eq!((&shown["action"], &shown["status"]), (&json!("send"), &json!("PROCESSED")));
    assert_eq!(shown["message_id"], json!(message.id));
    assert_invalid(&get(&courier, "/automations/runs/none/steps").await, 404);
}

#[tokio::test]
async fn an_update_of_a_profile_follows_its_strategy() {
    for (merge, expected) in [
        (json!(null), json!({"b": 2, "c": 2})),
        (json!("replace"), json!({"b": 2, "c": 2})),
        (json!("overwrite"), json!({"a": 1, "b": 2, "c": 2})),
        (json!("soft-merge"), json!({"a": 1, "b": 1, "c": 2})),
        (json!("none"), json!({"a": 1, "b": 1})),
    ] {
        let courier = courier();
        call(&courier, "POST /profiles/u", json!({"profile": {"a": 1, "b": 1}})).await;
        let step = json!({"action": "update-profile", "profile": {"b": 2, "c": 2}, "merge": merge});
        run(&courier, json!([step]), json!({})).await;
        assert_eq!(courier.profile("u"), Some(expected), "{merge}");
    }
}

#[tokio::test]
async fn delays_and_fetches_are_recorded_and_what_follows_them_is_done() {
    let (courier, now) = courier_at();
    let steps = json!([
        {"action": "delay", "duration": "1 hour"},
        {"action": "fetch-data", "webhook": {"url": "http://127.0.0.1:1/", "method": "GET"}},
        {"action": "send", "template": "t"},
    ]);
    let begun = run(&courier, steps, json!({})).await;
    assert_eq!(statuses(&begun), ["PROCESSED"; 3]);
    assert!(
        begun.steps[..2].iter().all(|step| step.note.as_ref().unwrap().starts_with("recorded"))
    );
    let wait = begun.steps[2].at.saturating_sub(begun.steps[0].at);
    assert_eq!(wait.as_secs(), 3_600);
    let (_, page) = get(&courier, "/automations/runs").await;
    assert_eq!(page["runs"][0]["status"], "WAITING");
    now.fetch_add(3_600, Ordering::Relaxed);
    let (_, page) = get(&courier, "/automations/runs?status=PROCESSED,ERROR").await;
    assert_eq!(page["runs"][0]["run_id"], json!(begun.run_id));
}

#[tokio::test]
async fn a_cancel_stops_what_is_not_yet_due_and_leaves_what_has_ended() {
    let (courier, now) = courier_at();
    let cart = json!([
        {"action": "send", "template": "thanks"},
        {"action": "delay", "duration": "1 day"},
        {"action": "send", "template": "reminder"},
    ]);
    let invoke = async |order: u64| {
        let body = json!({"automation": {"steps": cart, "cancelation_token": "refs.data.order"}, "recipient": "u", "data": {"order": order}});
        call(&courier, "POST /automations/invoke", body).await.1["runId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (old, other) = (invoke(7).await, invoke(8).await);
    now.fetch_add(2 * 24 * 3_600, Ordering::Relaxed);
    let late = invoke(7).await;
    let cancel = json!([{"action": "cancel", "cancelation_token": "refs.data.order"}]);
    run(&courier, cancel, json!({"data": {"order": 7}})).await;
    let outcome = |id: &str| courier.run(id).unwrap().outcome;
    assert_eq!(outcome(&old), RunStatus::Processed);
    assert_eq!(outcome(&other), RunStatus::Processed);
    assert_eq!(outcome(&late), RunStatus::Canceled);
    assert_eq!(statuses(&courier.run(&late).unwrap()), ["PROCESSED", "PROCESSED", "CANCELED"]);
    let canceled = courier.messages().into_iter().filter(|it| it.status == MessageStatus::Canceled);
    assert_eq!(canceled.map(|it| it.notification).collect::<Vec<_>>(), ["reminder"]);
}

#[tokio::test]
async fn an_invoke_starts_the_automation_with_the_context_it_is_given() {
    let courier = courier();
    let child =
        json!({"name": "Child", "steps": [{"action": "send", "template": "refs.data.template"}]});
    courier.put_automation("child", child).unwrap();
    let steps = json!([{"action": "invoke", "template": "child", "context": {"recipient": "v"}}]);
    let parent = run(&courier, steps, json!({"data": {"template": "t"}})).await;
    let child = courier.run(parent.steps[0].run_id.as_ref().unwrap()).unwrap();
    assert_eq!(child.recipient.as_deref(), Some("v"));
    assert_eq!(child.steps[0].status, StepStatus::Processed);
    assert_eq!(courier.messages()[0].recipient, "v");
    assert_eq!(courier.messages()[0].notification, "t");
}

#[tokio::test]
async fn automations_that_start_each_other_come_to_an_end() {
    let courier = courier();
    let twice =
        json!([{"action": "invoke", "template": "a"}, {"action": "invoke", "template": "a"}]);
    courier.put_automation("a", json!({"steps": twice})).unwrap();
    call(&courier, "POST /automations/a/invoke", json!({"recipient": null})).await;
    let runs = courier.runs();
    assert!(runs.len() < 3_000, "{}", runs.len());
    assert!(runs.iter().any(|run| run.outcome == RunStatus::Error));
}

#[tokio::test]
async fn a_step_whose_condition_is_false_is_left_out_and_one_that_fails_ends_the_run() {
    let courier = courier();
    let steps = json!([
        {"action": "send", "if": {"$ref": "data.no"}},
        {"action": "send", "if": "data.x > 1"},
        {"action": "update-profile", "profile": {}, "merge": "refs.data.merge"},
        {"action": "send"},
    ]);
    let run = run(&courier, steps, json!({"data": {"no": false, "merge": "unknown"}})).await;
    assert_eq!(statuses(&run), ["NOT PROCESSED", "PROCESSED", "ERROR", "NOT PROCESSED"]);
    assert!(run.steps[1].note.as_ref().unwrap().contains("not evaluated"));
    assert_eq!((run.outcome, courier.messages().len()), (RunStatus::Error, 1));
}

#[tokio::test]
async fn steps_without_what_their_action_needs_are_refused() {
    let courier = courier();
    for step in [
        json!({"action": "send-list"}),
        json!({"action": "update-profile", "profile": 1}),
        json!({"action": "cancel"}),
        json!({"action": "fetch-data", "webhook": {"url": "http://x"}}),
        json!({"action": "invoke", "template": 1}),
        json!({"action": "delay"}),
        json!({"action": "delay", "duration": 5}),
        json!({"action": "send", "template": 5}),
        json!({"action": "send", "data": []}),
        json!({"action": "send-list", "list": "l", "brand": 1}),
        json!({"action": "update-profile", "profile": {}, "merge": "bogus"}),
        json!({"action": "update-profile", "profile": {}, "recipient_id": 1}),
        json!({"action": "fetch-data", "webhook": {"url": "http://x", "method": "FROB"}}),
        json!({"action": "fetch-data", "webhook": {"url": "http://x", "method": "GET", "headers": {"a": 1}}}),
        json!({"action": "fetch-data", "webhook": {"url": "http://x", "method": "GET"}, "merge_strategy": "x"}),
    ] {
        let body = json!({"automation": {"steps": [step]}});
        assert_invalid(&call(&courier, "POST /automations/invoke", body).await, 400);
    }
    assert!(courier.runs().is_empty());
    for step in [
        json!({"action": "add-to-batch"}),
        json!({"action": "delay", "duration": null, "until": "${data.then}"}),
        json!({"action": "send", "template": {"$ref": "data.t"}, "data": "refs.data", "brand": null}),
        json!({"action": "update-profile", "profile": "refs.data", "merge": "refs.data.merge"}),
        json!({"action": "fetch-data", "webhook": {"url": "http://x", "method": "POST", "body": {"a": 1}}, "merge_strategy": "none"}),
    ] {
        let body = json!({"automation": {"steps": [step]}});
        assert_eq!(call(&courier, "POST /automations/invoke", body).await.0, 200);
    }
}

#[tokio::test]
async fn journeys_go_on_until_they_are_cancelled() {
    let courier = courier();
    let start = call(&courier, "POST /journeys/j/invoke", json!({"user_id": "u"})).await.1;
    let cancel = |body| call(&courier, "POST /journeys/cancel", body);
    let expected = json!({"run_id": start["runId"], "status": "CANCELED"});
    for _ in 0..2 {
        let answer = cancel(json!({"run_id": start["runId"]})).await;
        assert_eq!(answer, (202, expected.clone()));
    }
    assert_eq!(cancel(json!({"cancelation_token": "x"})).await.0, 202);
    assert_invalid(&cancel(json!({"run_id": "none"})).await, 404);
    for wrong in [json!({}), json!({"run_id": ""}), json!({"cancelation_token": ""})] {
        assert_invalid(&cancel(wrong).await, 400);
    }
    assert_invalid(&cancel(json!({"run_id": "a", "cancelation_token": "b"})).await, 400);
}

#[tokio::test]
async fn the_cancel_of_journeys_does_not_reach_automations() {
    let courier = courier();
    let steps = json!([{"action": "delay", "duration": "1 hour"}, {"action": "send"}]);
    let waiting = run(&courier, steps, json!({"cancelation_token": "k"})).await;
    let cancel = |body| call(&courier, "POST /journeys/cancel", body);
    assert_invalid(&cancel(json!({"run_id": waiting.run_id})).await, 404);
    assert_eq!(cancel(json!({"cancelation_token": "k"})).await.0, 202);
    assert_eq!(courier.run(&waiting.run_id).unwrap().outcome, RunStatus::Processed);
}

#[tokio::test]
async fn runs_are_found_by_template_and_by_day() {
    let (courier, now) = courier_at();
    for template in ["a", "b"] {
        let line = format!("POST /automations/{template}/invoke");
        call(&courier, &line, json!({"recipient": "u"})).await;
        now.fetch_add(24 * 3_600, Ordering::Relaxed);
    }
    let found = async |query: &str| {
        let (_, page) = get(&courier, &format!("/automations/runs?{query}")).await;
        let runs = page["runs"].as_array().unwrap().iter();
        runs.map(|run| run["template_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("template_id=a,b&limit=1000").await, ["b", "a"]);
    assert_eq!(found("start_date=2023-11-15&limit=none").await, ["b"]);
    assert_eq!(found("end_date=2023-11-14").await, ["a"]);
    assert_eq!(found("start_date=2023-11-14T22:13:20Z&end_date=2023-11-14T22:13:20Z").await, ["a"]);
    assert_invalid(&get(&courier, "/automations/runs?start_date=yesterday").await, 400);
}
