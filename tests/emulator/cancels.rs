//! What a `cancel` step stops, and when: as of the time at which it is due, in the order of the steps' own times.

use std::sync::atomic::Ordering;

use courier_sink::emulator::{Courier, MessageStatus, RunStatus};
use serde_json::{Value, json};

use crate::support::{courier, courier_at, run, statuses};

fn delay(duration: &str) -> Value {
    json!({"action": "delay", "duration": duration})
}

fn cancel() -> Value {
    json!({"action": "cancel", "cancelation_token": "z"})
}

fn send() -> Value {
    json!({"action": "send", "template": "t"})
}

fn outcome(courier: &Courier, id: &str) -> RunStatus {
    courier.run(id).expect("it was started").outcome
}

fn token() -> Value {
    json!({"cancelation_token": "z"})
}

#[tokio::test]
async fn a_cancel_after_a_delay_leaves_what_has_ended_by_then() {
    let courier = courier();
    let sends = run(&courier, json!([delay("10 minutes"), send()]), token()).await;
    run(&courier, json!([delay("1 hour"), cancel()]), json!({})).await;
    assert_eq!(outcome(&courier, &sends.run_id), RunStatus::Processed);
    assert_eq!(courier.messages()[0].status, MessageStatus::Simulated);
}

#[tokio::test]
async fn a_cancel_after_a_delay_stops_what_is_due_later_and_one_that_comes_earlier_stops_more() {
    let (courier, now) = courier_at();
    let steps = json!([delay("30 minutes"), send(), delay("2 hours"), send()]);
    let sends = run(&courier, steps, token()).await;
    run(&courier, json!([delay("1 hour"), cancel()]), json!({})).await;
    let of = |courier: &Courier| courier.run(&sends.run_id).expect("it was started");
    assert_eq!(statuses(&of(&courier)), ["PROCESSED", "PROCESSED", "PROCESSED", "CANCELED"]);
    assert_eq!(of(&courier).status(of(&courier).created), RunStatus::Waiting);
    now.fetch_add(600, Ordering::Relaxed);
    run(&courier, json!([cancel()]), json!({})).await;
    assert_eq!(statuses(&of(&courier)), ["PROCESSED", "CANCELED", "CANCELED", "CANCELED"]);
    assert_eq!(of(&courier).status(of(&courier).created), RunStatus::Waiting);
    let ended = of(&courier).ends.saturating_sub(of(&courier).created);
    assert_eq!(
        (of(&courier).status(of(&courier).ends), ended.as_secs()),
        (RunStatus::Canceled, 600)
    );
    assert!(courier.messages().iter().all(|it| it.status == MessageStatus::Canceled));
}

#[tokio::test]
async fn a_cancel_yet_to_come_stops_runs_that_start_before_it_and_none_after() {
    let (courier, now) = courier_at();
    run(&courier, json!([delay("1 hour"), cancel()]), json!({})).await;
    now.fetch_add(1_800, Ordering::Relaxed);
    let steps = json!([send(), delay("1 hour"), send()]);
    let before = run(&courier, steps.clone(), token()).await;
    assert_eq!(statuses(&before), ["PROCESSED", "PROCESSED", "CANCELED"]);
    assert_eq!((before.outcome, courier.messages().len()), (RunStatus::Canceled, 1));
    now.fetch_add(1_801, Ordering::Relaxed);
    assert_eq!(run(&courier, steps, token()).await.outcome, RunStatus::Processed);
}

#[tokio::test]
async fn a_run_that_cancels_its_own_token_stops_there() {
    let courier = courier();
    let itself = run(&courier, json!([send(), cancel(), send()]), token()).await;
    assert_eq!(statuses(&itself), ["PROCESSED", "PROCESSED", "CANCELED"]);
    assert_eq!((itself.outcome, courier.messages().len()), (RunStatus::Canceled, 1));
}

#[tokio::test]
async fn a_run_may_cancel_those_before_it_and_start_anew() {
    let courier = courier();
    let again = json!({"steps": [delay("1 day"), send()], "cancelation_token": "z"});
    courier.put_automation("again", again).expect("its steps are right");
    let restart = json!([cancel(), {"action": "invoke", "template": "again"}]);
    let first = run(&courier, restart.clone(), json!({})).await.steps[1].run_id.clone();
    let second = run(&courier, restart, json!({})).await.steps[1].run_id.clone();
    let outcome = |id: Option<String>| outcome(&courier, &id.expect("it was started"));
    assert_eq!((outcome(first), outcome(second)), (RunStatus::Canceled, RunStatus::Processed));
}

#[tokio::test]
async fn an_automation_that_one_started_stops_it_when_it_is_due() {
    let courier = courier();
    let child = json!({"steps": [delay("1 hour"), cancel()]});
    courier.put_automation("child", child).expect("its steps are right");
    let steps =
        json!([{"action": "invoke", "template": "child"}, send(), delay("2 hours"), send()]);
    let parent = run(&courier, steps, token()).await;
    assert_eq!(statuses(&parent), ["PROCESSED", "PROCESSED", "PROCESSED", "CANCELED"]);
    assert_eq!(parent.ends.saturating_sub(parent.created).as_secs(), 3_600);
    assert_eq!(courier.messages().len(), 1);
}
