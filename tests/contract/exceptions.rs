//! Where the emulator is right and the contract is not: what its reduced OpenAPI leaves out, each with the reason.

use courier_sink::emulator::LoggedRequest;
use serde_json::Value;
use serde_json::value::RawValue;

/// Routes of Courier's that the reduced OpenAPI does not have: they are described by Courier's other pages and SDKs, and
/// no part of what a RudderStack destination calls. Courier's own SDKs parse their answers in `tests/clients`.
const OTHERS: [&str; 16] = [
    "GET /automations",
    "GET /automations/runs",
    "GET /automations/runs/{run_id}/steps",
    "POST /journeys/cancel",
    "PUT /tenants/{tenant_id}/default_preferences/items/{topic_id}",
    "DELETE /tenants/{tenant_id}/default_preferences/items/{topic_id}",
    "GET /users/{user_id}/tenants/{tenant_id}",
    "GET /lists",
    "GET /lists/{list_id}",
    "PUT /lists/{list_id}",
    "DELETE /lists/{list_id}",
    "PUT /lists/{list_id}/restore",
    "GET /lists/{list_id}/subscriptions",
    "POST /send",
    "GET /messages",
    "GET /messages/{message_id}",
];

/// A request whose operation the contract does not have: a route of the others, or one that is answered 404 or was
/// turned away before it was looked at.
pub(super) fn without_operation(request: &LoggedRequest, status: u16) -> Result<(), String> {
    let route = format!("{} {}", request.method, request.route.unwrap_or("(no route)"));
    if OTHERS.contains(&route.as_str()) || (400..600).contains(&status) {
        return Ok(());
    }
    Err(format!("{route}, answered {status}: the contract has no such operation"))
}

/// Statuses that say that the request was not what it should be, or that nobody looked: no body (400), no key (401), too
/// much (413).
pub(super) const fn is_turned_away(status: u16) -> bool {
    matches!(status, 400 | 401 | 413)
}

/// Statuses that Courier's page on errors gives for every endpoint, and its OpenAPI for few: what is wrong with the
/// request or its key, what is not there, an idempotency key in use, too many requests, and Courier's own failures.
pub(super) const fn is_common(status: u16) -> bool {
    matches!(status, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 502 | 503)
}

/// Places of a request where Courier takes more than the contract says:
///
/// - steps of an automation whose action its page on steps has and its OpenAPI has not, and such as `is_step_beyond` has;
/// - members of what RudderStack and Segment send, which Courier's OpenAPI does not have at all: they come as their senders
///   wrote them, `Identify`, ids that are numbers and properties that are no object included.
pub(super) fn is_open(operation: &str, place: &str, value: &Value) -> bool {
    match operation {
        "automations_invokeAdHocAutomation" => {
            place.starts_with("/automation/steps/") && is_step_beyond(value)
        }
        "inbound_rudderstack" | "inbound_segment" => {
            ["/type", "/messageId", "/userId", "/anonymousId", "/groupId", "/properties", "/traits"]
                .contains(&place)
        }
        _ => false,
    }
}

/// Steps that an event brought: the sink passes them on as they are, and Courier says what is wrong with them.
pub(super) fn is_passed_on(place: &str) -> bool {
    place.starts_with("/automation/steps/")
}

/// The actions that the contract has.
const ACTIONS: [&str; 7] =
    ["delay", "send", "send-list", "update-profile", "cancel", "fetch-data", "invoke"];

/// A step of another action, or one with a value that is only known in the run; and of `fetch-data` the body that is an
/// object and the strategy `none`, which the page on steps has.
fn is_step_beyond(step: &Value) -> bool {
    let action = step["action"].as_str();
    let is_other = action.is_some_and(|action| !ACTIONS.contains(&action));
    let is_fetch = action == Some("fetch-data");
    let by_page = step["webhook"]["body"].is_object() || step["merge_strategy"] == "none";
    is_other || is_fetch && by_page || has_reference(step)
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with("refs.") || text.contains("${"),
        Value::Array(items) => items.iter().any(has_reference),
        Value::Object(members) => {
            members.get("$ref").is_some_and(Value::is_string) || members.values().any(has_reference)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// JSON whose numbers are larger than a validator reads: the sink passes them on to the digit.
pub(super) fn has_large_numbers(body: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(body).is_ok()
}
