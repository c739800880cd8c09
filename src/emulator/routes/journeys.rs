//! `/journeys`: a journey for somebody, and an end to one. Any id is accepted, as with automations, unless its state was set;
//! what a journey does is not known here, so it goes on until it is cancelled.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::automation::{Context, Start, start};
use super::super::call::Call;
use super::super::members::{given_object, given_string, optional_string, written};
use super::super::state::{Invocation, JourneyState, Source, StartedBy, State};

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

pub(super) fn invoke(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let profile = given_object(&body, "profile")?;
    let data = given_object(&body, "data")?;
    let user = given_string(&body, "user_id")?.filter(|user| !user.is_empty());
    let user = user.map(String::from).or_else(|| user_in(profile)).or_else(|| user_in(data));
    let reachable = |profile: &Map<String, Value>| {
        CONTACT_MEMBERS.iter().any(|name| profile.get(*name).is_some_and(is_given))
    };
    if user.is_none() && !profile.is_some_and(reachable) {
        return Err(Refusal::bad_request(
            "a recipient is required: 'user_id', or a user id or contact member in 'profile'",
        ));
    }
    let id = call.id()?;
    if let Some(state) = state.journeys.get(id) {
        return Err(refusal(id, state));
    }
    let source = Source::Journey(id.to_owned());
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
        Invocation { run_id, source, recipient: user, body: call.own_body(), at: call.now };
    state.record_invocation(invocation);
    Ok(answer)
}

/// Why a journey starts for nobody, in Courier's statuses.
fn refusal(id: &str, state: JourneyState) -> Refusal {
    match state {
        JourneyState::Unknown => Refusal::not_found(format!("Automation template {id} not found")),
        JourneyState::Archived => Refusal::unprocessable(format!("the journey '{id}' is archived")),
        JourneyState::Disabled => Refusal::unprocessable(format!("the journey '{id}' is disabled")),
        JourneyState::ConditionsNotMet => Refusal::unprocessable(format!(
            "the trigger conditions of the journey '{id}' are not met"
        )),
    }
}

/// Ends a journey's run by its id; one that has ended stays as it is. Automations have no such way.
///
/// What a journey's token is made of is drawn in the journey, which is not known here, so none has the token asked for.
pub(super) fn cancel(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let given = |name| optional_string(&body, name).map(|it| it.filter(|text| !text.is_empty()));
    let run_id = match (given("cancelation_token")?, given("run_id")?) {
        (Some(token), None) => {
            return Ok(Answer::json(StatusCode::ACCEPTED, &json!({"cancelation_token": token})));
        }
        (None, Some(run_id)) => run_id,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Refusal::bad_request(
                "exactly one of 'cancelation_token' and 'run_id' is required",
            ));
        }
    };
    let unknown = || Refusal::not_found(format!("there is no journey's run '{run_id}'"));
    let run = state.runs.get(run_id).filter(|run| matches!(run.source, Source::Journey(_)));
    run.ok_or_else(unknown)?;
    let (run, messages) = state.runs.cancel(run_id, call.now).ok_or_else(unknown)?;
    let status = run.status(call.now).as_str();
    state.messages.cancel(&messages);
    Ok(Answer::json(StatusCode::ACCEPTED, &json!({"run_id": run_id, "status": status})))
}

fn user_in(object: Option<&Map<String, Value>>) -> Option<String> {
    USER_MEMBERS.iter().find_map(|name| written(object?.get(*name)?))
}

fn is_given(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}
