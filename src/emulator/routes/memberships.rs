//! `/users/{user_id}/tenants` and `/tenants/{tenant_id}/users`: who belongs to which tenant.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::{
    missing, optional_object, optional_string, required_string, take_object, wrong,
};
use super::super::paging::Page;
use super::super::state::State;

pub(super) fn get(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (user, tenant) = call.ids()?;
    let profile = state.memberships.get(tenant, user).ok_or_else(|| {
        Refusal::not_found(format!("the user '{user}' does not belong to the tenant '{tenant}'"))
    })?;
    let body = json!({"user_id": user, "tenant_id": tenant, "profile": profile});
    Ok(Answer::json(StatusCode::OK, &body))
}

/// Makes the membership, or keeps it with its profile; a profile given merges into that one.
pub(super) fn put(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let mut body = call.object()?;
    let given = match optional_object(&body, "profile")? {
        Some(_) => take_object(&mut body, "profile")?,
        None => Map::new(),
    };
    let (user, tenant) = call.ids()?;
    state.memberships.put(tenant, user, given, call.merge);
    Ok(Answer::empty())
}

/// Makes several memberships, all or none; those there are beside them stay.
pub(super) fn put_several(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let mut body = call.object()?;
    let tenants = body.remove("tenants").ok_or_else(|| missing("tenants"))?;
    let Value::Array(tenants) = tenants else {
        return Err(wrong("tenants", "an array"));
    };
    let user = call.id()?;
    let mut given = Vec::new();
    for tenant in tenants {
        let Value::Object(mut tenant) = tenant else {
            return Err(wrong("tenants", "objects with a 'tenant_id' each"));
        };
        let id = required_string(&tenant, "tenant_id")?.to_owned();
        optional_string(&tenant, "user_id")?;
        if optional_string(&tenant, "type")?.is_some_and(|kind| kind != "user") {
            return Err(wrong("type", "'user'"));
        }
        let profile = match optional_object(&tenant, "profile")? {
            Some(_) => take_object(&mut tenant, "profile")?,
            None => Map::new(),
        };
        given.push((id, profile));
    }
    for (tenant, profile) in given {
        state.memberships.put(&tenant, user, profile, call.merge);
    }
    Ok(Answer::empty())
}

pub(super) fn delete_all(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    state.memberships.remove_user(call.id()?);
    Ok(Answer::empty())
}

pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (user, tenant) = call.ids()?;
    state.memberships.remove(tenant, user);
    Ok(Answer::empty())
}

pub(super) fn of_tenant(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let tenant = call.id()?;
    let users = state.memberships.of_tenant(tenant, page.after.as_deref());
    let items = users.map(|(user, profile)| (user.to_owned(), association(tenant, user, profile)));
    Ok(page.answer(call, items))
}

pub(super) fn of_user(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
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
