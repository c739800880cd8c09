//! `/profiles/{user_id}`: read, merge, replace, patch, delete.

use http::StatusCode;
use json_patch::PatchOperation;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::{missing, required_string, take_object, wrong};
use super::super::retention::value_weight;
use super::super::state::State;
use crate::config::emulator::UnknownProfile;

/// A profile nobody wrote reads as the settings have it: Courier's schema has no 404 here, and no page says what it answers.
pub(super) fn get(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.id()?;
    let profile = match (state.profiles.get(id), call.unknown_profile) {
        (Some(profile), _) => profile.clone(),
        (None, UnknownProfile::Empty) => Map::new(),
        (None, UnknownProfile::NotFound) => {
            return Err(Refusal::not_found(format!("there is no profile '{id}'")));
        }
    };
    Ok(Answer::json(StatusCode::OK, &json!({"profile": profile})))
}

/// Merges into the profile, or creates it, an empty one included.
pub(super) fn merge(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let given = given(call)?;
    state.merge_profile(call.id()?, given, call.merge);
    Ok(Answer::success())
}

pub(super) fn replace(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let given = given(call)?;
    state.put_profile(call.id()?, given);
    Ok(Answer::success())
}

/// Memberships stay: Courier says that what hangs on a profile is removed separately.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    state.profiles.remove(call.id()?);
    Ok(Answer::empty())
}

fn given(call: &mut Call<'_>) -> Result<Map<String, Value>, Refusal> {
    take_object(&mut call.object()?, "profile")
}

/// Security: what one request may ask for. Each operation is cheap, but a copy can double what is there.
const MAX_OPERATIONS: usize = 1_000;
const MAX_PROFILE_BYTES: usize = 12 * 1024 * 1024;

/// Carries out a JSON Patch (RFC 6902), all of it or nothing, on a profile that is made where there is none. Courier's
/// schema is narrower than the RFC: each operation has an `op`, a `path` and a `value`, and all are strings.
pub(super) fn patch(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let given = body.get("patch").ok_or_else(|| missing("patch"))?;
    let all = given.as_array().ok_or_else(|| wrong("patch", "an array"))?;
    for operation in all {
        let operation =
            operation.as_object().ok_or_else(|| wrong("patch", "an array of objects"))?;
        for name in ["op", "path", "value"] {
            required_string(operation, name)?;
        }
    }
    let operations: Vec<PatchOperation> = Deserialize::deserialize(given)
        .map_err(|error| Refusal::bad_request(format!("'patch' is not a JSON Patch: {error}")))?;
    if operations.len() > MAX_OPERATIONS {
        return Err(wrong("patch", &format!("at most {MAX_OPERATIONS} operations")));
    }
    let id = call.id()?;
    let mut profile = Value::Object(state.profiles.get(id).cloned().unwrap_or_default());
    for operation in operations {
        let is_copy = matches!(operation, PatchOperation::Copy(_));
        json_patch::patch(&mut profile, &[operation])
            .map_err(|error| Refusal::bad_request(error.to_string()))?;
        if is_copy && value_weight(&profile) > MAX_PROFILE_BYTES {
            return Err(Refusal::too_large("the profile would become too large"));
        }
    }
    let Value::Object(profile) = profile else {
        return Err(Refusal::bad_request("the profile would be no object any more"));
    };
    state.put_profile(id, profile);
    Ok(Answer::empty())
}
