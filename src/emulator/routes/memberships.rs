//! `/users/{user_id}/tenants` and `/tenants/{tenant_id}/users`: who belongs to which tenant.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::{optional_object, take_object};
use super::super::paging::Page;
use super::super::state::State;

pub(super) fn get(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let (user, tenant) = call.ids()?;
    let profile = state.memberships.get(tenant, user).ok_or_else(|| {
        Refusal::not_found(format!("the user '{user}' does not belong to the tenant '{tenant}'"))
    })?;
    let body = json!({"user_id": user, "tenant_id": tenant, "profile": profile});
    Ok(Answer::json(StatusCode::OK, &body))
}

/// Makes the membership, or keeps it with its profile; a profile given merges into that one.
pub(super) fn put(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let mut body = call.object()?;
    let given = match optional_object(&body, "profile")? {
        Some(_) => take_object(&mut body, "profile")?,
        None => Map::new(),
    };
    let (user, tenant) = call.ids()?;
    state.memberships.put(tenant, user, given, call.merge);
    Ok(Answer::empty())
}

pub(super) fn delete(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let (user, tenant) = call.ids()?;
    state.memberships.remove(tenant, user);
    Ok(Answer::empty())
}

pub(super) fn of_tenant(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let tenant = call.id()?;
    let users = state.memberships.of_tenant(tenant, page.after.as_deref());
    let items = users.map(|(user, profile)| (user.to_owned(), association(tenant, user, profile)));
    Ok(page.answer(call, items))
}

pub(super) fn of_user(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let user = call.id()?;
    let tenants = state.memberships.of_user(user, page.after.as_deref());
    let items =
        tenants.map(|(tenant, profile)| (tenant.to_owned(), association(tenant, user, profile)));
    Ok(page.answer(call, items))
}

fn association(tenant: &str, user: &str, profile: &Map<String, Value>) -> Value {
    json!({"tenant_id": tenant, "user_id": user, "type": "user", "profile": profile})
}
