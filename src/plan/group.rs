//! group: the tenant, then the user's membership in it, then the automations mapped to it.

use std::sync::Arc;

use super::direct::{Context, Written, path_user};
use super::{Lane, NullTraits, Refusal, TenantRule, mapping, step, traits};
use crate::courier::{Action, Request, TenantId, TenantUpdate, TenantWrite};
use crate::json::{Json, Kind, ObjectWriter, prune_nulls};
use crate::telemetry::SkipReason;

/// Adds the steps of a group event.
pub(super) fn push(context: Context<'_>, steps: &mut step::Builder<'_>) -> Written {
    if !mapping::replaces_own_writes(context) {
        let id = context.event.group_id.as_ref().ok_or(Refusal::Missing("groupId"))?;
        let tenant = TenantId::new(id.as_str()).map_err(Refusal::id("groupId"))?;
        let member = context.member().map(path_user).transpose()?;
        if let Some(action) = write(context, &tenant)? {
            steps.push(Lane::Tenant(Arc::from(id.as_str())), None, action);
        }
        if let Some(user) = member {
            steps.push_user(steps.last(), Request::PutMembership { user, tenant });
        }
    }
    mapping::push(context, steps)?;
    if steps.last().is_none() {
        return Ok(Err(SkipReason::Nothing));
    }
    Ok(Ok(()))
}

/// The write of the tenant itself. Its traits are the event's own: `context.traits` are the user's.
fn write(context: Context<'_>, tenant: &TenantId) -> Result<Option<Action>, Refusal> {
    let traits = traits::own(context.event).unwrap_or_else(Json::empty_object);
    if traits.kind() != Kind::Object {
        return Err(Refusal::kind("traits", "an object", traits.kind()));
    }
    let name = traits.member("name").filter(|name| name.kind() == Kind::String);
    let update = |write| TenantUpdate {
        write,
        properties: properties(context, &traits, name.is_some()),
        name: name.clone(),
        fallback_name: tenant.as_str().to_owned(),
    };
    let tenant = tenant.clone();
    Ok(match context.direct.tenant_write {
        TenantRule::Skip => None,
        TenantRule::Merge => {
            Some(Action::UpdateTenant { tenant, update: update(TenantWrite::Merge) })
        }
        TenantRule::CreateOnly => {
            Some(Action::UpdateTenant { tenant, update: update(TenantWrite::CreateOnly) })
        }
        TenantRule::Replace => {
            let body = update(TenantWrite::Merge).create()?;
            Some(Action::Request(Request::PutTenant { tenant, body }))
        }
    })
}

/// The traits without a `name` that has become the tenant's own.
fn properties(context: Context<'_>, traits: &Json, is_named: bool) -> Json {
    let mut written = ObjectWriter::with_capacity(traits.as_str().len());
    for (name, value) in traits.members().iter() {
        if !(is_named && name == "name") {
            written.raw(name, value);
        }
    }
    let text = written.finish();
    Json::from_writer(match context.direct.null_traits {
        NullTraits::Drop => prune_nulls(&text).into_owned(),
        NullTraits::Delete => text,
    })
}
