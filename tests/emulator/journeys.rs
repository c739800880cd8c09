//! What a workspace's journeys answer, where the test says so: not there, archived, not for this user.

use serde_json::{Value, json};

use crate::support::{assert_invalid, call, courier, get};

#[tokio::test]
async fn a_journey_answers_as_its_state_has_it_and_starts_nothing() {
    let courier = courier();
    for (state, status, message) in [
        ("unknown", 404, "Automation template j not found"),
        ("archived", 422, "archived"),
        ("disabled", 422, "disabled"),
        ("conditions_not_met", 422, "conditions"),
    ] {
        let put = call(&courier, "PUT /emulator/journeys/j", json!({"state": state})).await;
        assert_eq!(put.0, 204);
        let answer = call(&courier, "POST /journeys/j/invoke", json!({"user_id": "u"})).await;
        assert_invalid(&answer, status);
        let told = answer.1["message"].as_str().expect("errors have messages");
        assert!(told.contains(message), "{told}");
        // What is wrong with the request is said first.
        assert_invalid(&call(&courier, "POST /journeys/j/invoke", json!({})).await, 400);
    }
    assert_eq!((courier.runs().len(), courier.invocations().len()), (0, 0));
    let other = call(&courier, "POST /journeys/k/invoke", json!({"user_id": "u"})).await;
    assert_eq!(other.0, 202);
    let (_, journeys) = get(&courier, "/emulator/journeys").await;
    assert_eq!(journeys, json!([{"id": "j", "state": "conditions_not_met"}]));
    assert_eq!(call(&courier, "DELETE /emulator/journeys/j", Value::Null).await.0, 204);
    assert_eq!(call(&courier, "DELETE /emulator/journeys/j", Value::Null).await.0, 404);
    let again = call(&courier, "POST /journeys/j/invoke", json!({"user_id": "u"})).await;
    assert_eq!(again.0, 202);
}

#[tokio::test]
async fn a_state_that_journeys_do_not_have_is_refused() {
    let courier = courier();
    for wrong in [json!({}), json!({"state": "asleep"}), json!({"state": 7}), json!([])] {
        let answer = call(&courier, "PUT /emulator/journeys/j", wrong).await;
        assert_invalid(&answer, 400);
    }
    assert_eq!(get(&courier, "/emulator/journeys").await.1, json!([]));
}
