//! `/journeys`: a journey for somebody, and an end to one. Any id is accepted, as with automations; what a journey does is
//! not known here, so it goes on until it is cancelled.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::automation::{Context, Start, start};
use super::super::call::Call;
use super::super::members::{optional_object, optional_string};
use super::super::state::{Invocation, Source, StartedBy, State};

/// Where a journey looks for its user besides the `user_id` of the request.
const USER_MEMBERS: [&str; 3] = ["user_id", "userId", "anonymousId"];

/// Profile members by which somebody without an id can be reached, after Courier's profile model.
const CONTACT_MEMBERS: [&str; 10] = [
    "email",
    "phone_number",
    "firebaseToken",
    "apn",
    "expo",
    "aws_sns",
    "airship",
    "discord",
    "slack",
    "ms_teams",
];

pub(super) fn invoke(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let profile = optional_object(&body, "profile")?;
    let data = optional_object(&body, "data")?;
    let user = optional_string(&body, "user_id")?.filter(|user| !user.is_empty());
    let user = user.or_else(|| user_in(profile)).or_else(|| user_in(data)).map(String::from);
    let reachable = |profile: &Map<String, Value>| {
        CONTACT_MEMBERS.iter().any(|name| profile.get(*name).is_some_and(is_given))
    };
    if user.is_none() && !profile.is_some_and(reachable) {
        return Err(Refusal::bad_request(
            "a recipient is required: 'user_id', or a user id or contact member in 'profile'",
        ));
    }
    let source = Source::Journey(call.id()?.to_owned());
    let context = Context::of(state, &body, user.as_deref());
    let what = Start {
        source: source.clone(),
        started_by: StartedBy::Invoke,
        steps: None,
        context,
        token: None,
    };
    let run_id = start(state, what, call.now);
    let answer = Answer::json(StatusCode::ACCEPTED, &json!({"runId": run_id}));
    let invocation =
        Invocation { run_id, source, recipient: user, body: call.body.clone(), at: call.now };
    state.record_invocation(invocation);
    Ok(answer)
}

/// Ends the runs with a token, or one run by its id; one that has ended stays as it is.
pub(super) fn cancel(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let token = optional_string(&body, "cancelation_token")?;
    let run_id = optional_string(&body, "run_id")?;
    let (messages, answer) = match (token, run_id) {
        (Some(token), None) => {
            (state.runs.cancel_all(token, call.now), json!({"cancelation_token": token}))
        }
        (None, Some(run_id)) => {
            let (run, messages) = state
                .runs
                .cancel(run_id, call.now)
                .ok_or_else(|| Refusal::not_found(format!("there is no run '{run_id}'")))?;
            let status = run.status(call.now).as_str();
            (messages, json!({"run_id": run_id, "status": status}))
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(Refusal::bad_request(
                "exactly one of 'cancelation_token' and 'run_id' is required",
            ));
        }
    };
    state.messages.cancel(&messages);
    Ok(Answer::json(StatusCode::ACCEPTED, &answer))
}

fn user_in(object: Option<&Map<String, Value>>) -> Option<&str> {
    let object = object?;
    let mut users = USER_MEMBERS.iter().filter_map(|name| object.get(*name)?.as_str());
    users.find(|user| !user.is_empty())
}

fn is_given(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}
