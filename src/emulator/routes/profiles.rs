//! `/profiles/{user_id}`: read, merge, replace, delete.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::take_object;
use super::super::state::State;

/// A profile nobody wrote reads as an empty one: Courier's schema has no 404 here.
pub(super) fn get(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let profile = state.profiles.get(call.id()?).cloned().unwrap_or_default();
    Ok(Answer::json(StatusCode::OK, &json!({"profile": profile})))
}

/// Merges into the profile, or creates it, an empty one included.
pub(super) fn merge(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let given = given(call)?;
    state.merge_profile(call.id()?, given, call.merge);
    Ok(success())
}

pub(super) fn replace(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let given = given(call)?;
    state.put_profile(call.id()?, given);
    Ok(success())
}

/// Memberships stay: Courier says that what hangs on a profile is removed separately.
pub(super) fn delete(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    state.profiles.remove(call.id()?);
    Ok(Answer::empty())
}

fn given(call: &mut Call) -> Result<Map<String, Value>, Refusal> {
    take_object(&mut call.object()?, "profile")
}

fn success() -> Answer {
    Answer::json(StatusCode::OK, &json!({"status": "SUCCESS"}))
}
