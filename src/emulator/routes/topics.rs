//! `/tenants/{tenant_id}/default_preferences/items/{topic_id}`: what a tenant's users get unless they chose.

use serde_json::{Map, Value};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::preferences;
use super::super::state::State;

pub(super) fn put(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let mut topic = call.object()?;
    preferences::topic(&topic)?;
    let (tenant, id) = call.ids()?;
    topic.insert("id".to_owned(), Value::from(id));
    topic.insert("type".to_owned(), Value::from("subscription_topic"));
    write(state, tenant, id, Some(topic))
}

pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (tenant, id) = call.ids()?;
    write(state, tenant, id, None)
}

/// Puts a topic in place of the one of that id, or takes that away.
fn write(
    state: &mut State,
    id: &str,
    topic: &str,
    given: Option<Map<String, Value>>,
) -> Result<Answer, Refusal> {
    let unknown = || Refusal::not_found(format!("there is no tenant '{id}'"));
    let mut tenant = state.tenants.get(id).cloned().ok_or_else(unknown)?;
    let items = tenant.get("default_preferences").and_then(|it| it.get("items"));
    let mut items = items.and_then(Value::as_array).cloned().unwrap_or_default();
    items.retain(|item| item.get("id").and_then(Value::as_str) != Some(topic));
    items.extend(given.map(Value::Object));
    tenant.insert("default_preferences".to_owned(), serde_json::json!({"items": items}));
    state.put_tenant(id, tenant);
    Ok(Answer::empty())
}
