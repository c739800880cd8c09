//! `/automations` and `/journeys`.

use courier_sink::emulator::{Settings, Source};
use serde_json::{Value, json};

use crate::contract;
use crate::support::{NOW_SECS, assert_invalid, call, courier, courier_at, get};

fn assert_looks_like_couriers(id: &Value) {
    let parts: Vec<usize> =
        id.as_str().expect("ids are strings").split('-').map(str::len).collect();
    assert_eq!(parts, [1, 8, 24]);
}

#[tokio::test]
async fn an_ad_hoc_automation_is_accepted_and_recorded() {
    let courier = courier();
    let body = json!({"automation": {"steps": [{"action": "send", "template": "t"}]}, "recipient": "u", "data": {"a": 1}});
    let (status, answer) = call(&courier, "POST /automations/invoke", body.clone()).await;
    assert_eq!(status, 200);
    assert_looks_like_couriers(&answer["runId"]);
    let [run] = courier.invocations().try_into().expect("one was sent");
    assert_eq!((run.source, run.recipient.as_deref()), (Source::AdHoc, Some("u")));
    assert_eq!(Value::from(run.run_id), answer["runId"]);
    assert_eq!(run.body, body.to_string());
}

#[tokio::test]
async fn an_automation_of_the_wrong_shape_is_refused() {
    let courier = courier();
    for body in [
        json!({}),
        json!({"automation": {}}),
        json!({"automation": {"steps": {}}}),
        json!({"automation": {"steps": [{}]}}),
        json!({"automation": {"steps": []}, "data": 1}),
        json!({"automation": {"steps": []}, "recipient": 1}),
    ] {
        assert_invalid(&call(&courier, "POST /automations/invoke", body).await, 400);
    }
    assert_invalid(&call(&courier, "POST /automations/t/invoke", json!({"data": {}})).await, 400);
    assert!(courier.invocations().is_empty());
}

#[tokio::test]
async fn any_template_is_accepted_with_a_recipient_that_may_be_null() {
    let courier = courier();
    let line = "POST /automations/my%2Falias/invoke";
    assert_eq!(call(&courier, line, json!({"recipient": null})).await.0, 200);
    let [run] = courier.invocations().try_into().expect("one was sent");
    assert_eq!((run.source, run.recipient), (Source::Template("my/alias".to_owned()), None));
}

#[tokio::test]
async fn a_journey_needs_somebody_to_reach() {
    let courier = courier();
    let line = "POST /journeys/j1/invoke";
    for body in [
        json!({"user_id": "u"}),
        json!({"profile": {"userId": "u"}}),
        json!({"data": {"anonymousId": "u"}}),
        json!({"profile": {"email": "a@b.c"}}),
        json!({"profile": {"phone_number": "+1"}}),
        json!({"data": {"userId": 7}}),
    ] {
        let (status, answer) = call(&courier, line, body).await;
        assert_eq!(status, 202);
        assert_looks_like_couriers(&answer["runId"]);
    }
    for body in [
        json!({}),
        json!({"user_id": ""}),
        json!({"profile": {"email": null}}),
        json!({"user_id": "u", "data": 1}),
        json!({"user_id": "u", "data": null}),
        json!({"user_id": "u", "profile": null}),
        json!({"user_id": null, "profile": {"userId": "u"}}),
    ] {
        assert_invalid(&call(&courier, line, body).await, 400);
    }
    let recipients: Vec<_> = courier.invocations().into_iter().map(|run| run.recipient).collect();
    let user = Some("u".to_owned());
    let seven = Some("7".to_owned());
    assert_eq!(recipients, [user.clone(), user.clone(), user, None, None, seven]);
    assert_eq!(courier.invocations()[0].source, Source::Journey("j1".to_owned()));
}

#[tokio::test]
async fn runs_list_newest_first_without_journeys() {
    let (courier, _) = courier_at();
    assert_eq!(NOW_SECS, 1_700_000_000);
    for template in ["a", "b", "a"] {
        let line = format!("POST /automations/{template}/invoke");
        call(&courier, &line, json!({"recipient": "u"})).await;
    }
    call(&courier, "POST /journeys/j/invoke", json!({"user_id": "u"})).await;
    let ids: Vec<_> = courier.invocations().into_iter().map(|run| run.run_id).collect();
    let (_, page) = get(&courier, "/automations/runs?limit=2").await;
    let newest = json!({
        "run_id": ids[2], "source": ["invoke/a"], "template_id": "a", "status": "PROCESSING",
        "created_at": "2023-11-14T22:13:20.000Z",
    });
    assert_eq!((&page["runs"][0], &page["runs"][1]["run_id"]), (&newest, &json!(ids[1])));
    let next = page["next_cursor"].as_str().expect("there is more");
    let (_, page) = get(&courier, &format!("/automations/runs?limit=2&cursor={next}")).await;
    assert_eq!(page["runs"][0]["run_id"], json!(ids[0]));
    assert!(page.get("next_cursor").is_none());
    let (_, page) = get(&courier, "/automations/runs?template_id=b").await;
    assert_eq!(page["runs"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_same_requests_get_the_same_answers() {
    let mut answers = Vec::new();
    for seed in [1, 1, 2] {
        let courier = contract::courier(Settings { seed, ..Settings::default() });
        let one = call(&courier, "POST /automations/t/invoke", json!({"recipient": "u"})).await;
        let two = call(&courier, "POST /journeys/j/invoke", json!({"user_id": "u"})).await;
        answers.push((one, two));
    }
    assert_eq!(answers[0], answers[1]);
    assert_ne!(answers[0], answers[2]);
}
