//! `/tenants`: read, replace, delete, list. The list is also what health checks ask for.

use std::ops::Bound;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::{optional_object, optional_string, required_string, wrong};
use super::super::paging::Page;
use super::super::preferences::topic;
use super::super::state::State;

pub(super) fn get(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.id()?;
    let tenant = state.tenants.get(id).cloned().ok_or_else(|| unknown(id))?;
    Ok(Answer::json(StatusCode::OK, &Value::Object(tenant)))
}

/// Creates or replaces: members left out are gone. Members we do not know are kept as given.
pub(super) fn replace(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let mut tenant = call.object()?;
    let id = call.id()?;
    check(&tenant)?;
    tenant.insert("id".to_owned(), Value::from(id));
    if let Some(Value::Array(items)) =
        tenant.get_mut("default_preferences").and_then(|preferences| preferences.get_mut("items"))
    {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.insert("type".to_owned(), Value::from("subscription_topic"));
        }
    }
    state.put_tenant(id, tenant.clone());
    Ok(Answer::json(StatusCode::OK, &Value::Object(tenant)))
}

/// Deletes the tenant and its memberships; its members' own profiles stay.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.id()?;
    state.tenants.remove(id);
    state.memberships.remove_tenant(id);
    Ok(Answer::empty())
}

pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let parent = call.query("parent_tenant_id").filter(|parent| !parent.is_empty());
    let from = page.after.as_deref().map_or(Bound::Unbounded, |id| Bound::Excluded(Arc::from(id)));
    let tenants = state
        .tenants
        .from(from)
        .filter(|(_, tenant)| {
            parent.is_none_or(|parent| {
                tenant.get("parent_tenant_id").and_then(Value::as_str) == Some(parent)
            })
        })
        .map(|(id, tenant)| (id.to_string(), Value::Object(tenant.clone())));
    Ok(page.answer(call, tenants))
}

fn check(tenant: &Map<String, Value>) -> Result<(), Refusal> {
    required_string(tenant, "name")?;
    for name in ["parent_tenant_id", "brand_id"] {
        optional_string(tenant, name)?;
    }
    for name in ["properties", "user_profile"] {
        optional_object(tenant, name)?;
    }
    let Some(preferences) = optional_object(tenant, "default_preferences")? else {
        return Ok(());
    };
    let place = "default_preferences.items";
    let items = match preferences.get("items") {
        None | Some(Value::Null) => return Ok(()),
        Some(items) => items.as_array().ok_or_else(|| wrong(place, "an array or null"))?,
    };
    for item in items {
        let item = item.as_object().ok_or_else(|| wrong(place, "an array of objects"))?;
        required_string(item, "id")?;
        topic(item)?;
    }
    Ok(())
}

fn unknown(id: &str) -> Refusal {
    Refusal::not_found(format!("there is no tenant '{id}'"))
}
