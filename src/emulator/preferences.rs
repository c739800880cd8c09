//! What users are to get, as bodies have it: of a user by category and notification, of a tenant by topic.

use serde_json::{Map, Value};

use super::answer::Refusal;
use super::members::{optional_object, required_string, wrong};

/// What can be chosen for a topic, a category or a notification.
const STATUSES: [&str; 3] = ["OPTED_IN", "OPTED_OUT", "REQUIRED"];

/// The ways by which something can come.
const CHANNELS: [&str; 6] = ["direct_message", "email", "push", "sms", "webhook", "inbox"];

/// What a user is to get: `categories` and `notifications`, each a status by id, with rules and channels if there are. May
/// be null or absent.
pub(super) fn preferences(body: &Map<String, Value>) -> Result<Value, Refusal> {
    let Some(preferences) = optional_object(body, "preferences")? else {
        return Ok(Value::Null);
    };
    for name in ["categories", "notifications"] {
        let place = format!("preferences.{name}");
        let wanted =
            "objects with a known 'status' each, and 'rules' and 'channel_preferences' that fit";
        let given = optional_object(preferences, name).map_err(|_| wrong(&place, wanted))?;
        if !given.is_none_or(|given| given.values().all(is_preference)) {
            return Err(wrong(&place, wanted));
        }
    }
    Ok(Value::Object(preferences.clone()))
}

/// What a tenant's users get of a topic: a status, and by which channels.
pub(super) fn topic(topic: &Map<String, Value>) -> Result<(), Refusal> {
    if !STATUSES.contains(&required_string(topic, "status")?) {
        return Err(wrong("status", "'OPTED_IN', 'OPTED_OUT' or 'REQUIRED'"));
    }
    if !is_null_or(topic.get("has_custom_routing"), Value::is_boolean) {
        return Err(wrong("has_custom_routing", "true, false or null"));
    }
    if !is_null_or(topic.get("custom_routing"), |it| is_all(it, is_channel)) {
        return Err(wrong("custom_routing", "an array of Courier's channels, or null"));
    }
    Ok(())
}

fn is_preference(given: &Value) -> bool {
    let status = given.get("status").and_then(Value::as_str);
    let is_rule = |rule: &Value| {
        rule.get("until").is_some_and(Value::is_string)
            && is_null_or(rule.get("start"), Value::is_string)
    };
    let is_by_channel = |it: &Value| it.get("channel").is_some_and(is_channel);
    status.is_some_and(|status| STATUSES.contains(&status))
        && is_null_or(given.get("rules"), |rules| is_all(rules, is_rule))
        && is_null_or(given.get("channel_preferences"), |it| is_all(it, is_by_channel))
}

fn is_channel(value: &Value) -> bool {
    value.as_str().is_some_and(|channel| CHANNELS.contains(&channel))
}

fn is_null_or(value: Option<&Value>, is_fine: impl Fn(&Value) -> bool) -> bool {
    value.is_none_or(|value| value.is_null() || is_fine(value))
}

fn is_all(value: &Value, is_fine: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(is_fine))
}
