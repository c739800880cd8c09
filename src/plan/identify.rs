//! identify: the profile, then the automations mapped to it.

use super::direct::{Context, Written, path_user};
use super::{mapping, profile, step};
use crate::courier::{Body, Request};
use crate::telemetry::SkipReason;

/// Adds the steps of an identify event.
pub(super) fn push(context: Context<'_>, steps: &mut step::Builder<'_>) -> Written {
    let Some(user) = context.user() else {
        return Ok(Err(SkipReason::Anonymous));
    };
    if !mapping::replaces_own_writes(context) {
        let body = Body::new(profile::body(context.event, context.direct)?)?;
        steps.push_user(None, Request::PostProfile { user: path_user(user)?, body });
    }
    mapping::push(context, steps)?;
    Ok(Ok(()))
}
