//! The `if` of a step: what is compared, and what is not understood and taken for true.

use serde_json::{Value, json};

use crate::support::{courier, run};

/// The status of a step with this condition, and whether the log says that it was not evaluated.
async fn judged(condition: Value) -> (&'static str, bool) {
    let steps = json!([{"action": "send", "if": condition}]);
    let data = json!({"n": 7, "plan": "pro", "text": "a == b", "list": [1], "no": false});
    let run = run(&courier(), steps, json!({"data": data})).await;
    let step = run.steps.first().expect("there is one");
    let is_noted = step.note.as_ref().is_some_and(|note| note.contains("not evaluated"));
    (step.status.as_str(), is_noted)
}

#[tokio::test]
async fn values_are_compared_by_the_six_operators() {
    for (condition, holds) in [
        ("refs.data.n == 7", true),
        ("refs.data.n == 7.0", true),
        ("${data.n} != 7", false),
        ("refs.data.n > 6.5", true),
        ("refs.data.n<7", false),
        ("refs.data.n <= 7", true),
        ("8 >= ${ refs.data.n }", true),
        ("refs.data.plan == 'pro'", true),
        ("refs.data.plan != \"free\"", true),
        ("refs.data.plan < 'q'", true),
        ("refs.data.text == 'a == b'", true),
        ("refs.data.no == false", true),
        ("refs.data.none == null", true),
        ("refs.data.n == '7'", false),
        ("refs.recipient == 'u'", true),
    ] {
        let expected = if holds { "PROCESSED" } else { "NOT PROCESSED" };
        assert_eq!(judged(json!(condition)).await, (expected, false), "{condition}");
    }
}

#[tokio::test]
async fn what_has_no_meaning_here_is_taken_for_true_and_said() {
    for condition in [
        json!("data.n > 1"),
        json!("refs.data.plan == pro"),
        json!("refs.data.n > 1 && refs.data.n < 9"),
        json!("refs.data.n === 7"),
        json!("refs.data.n < 'x'"),
        json!("refs.data.list > 0"),
        json!("== 7"),
        json!(7),
    ] {
        assert_eq!(judged(condition.clone()).await, ("PROCESSED", true), "{condition}");
    }
}

#[tokio::test]
async fn a_condition_that_is_or_leads_to_a_boolean_is_one() {
    for (condition, status) in [
        (json!(true), "PROCESSED"),
        (json!("false"), "NOT PROCESSED"),
        (json!({"$ref": "data.no"}), "NOT PROCESSED"),
        (json!("refs.data.no"), "NOT PROCESSED"),
    ] {
        assert_eq!(judged(condition.clone()).await, (status, false), "{condition}");
    }
}
