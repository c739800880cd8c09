//! `/emulator/journeys`: which of a workspace's journeys start for nobody, and why. `GET` lists those of which something was
//! said, `PUT` says it, `DELETE` takes it back.

use axum::Router;
use axum::extract::{Path, Request};
use axum::routing::{get, put};
use http::StatusCode;
use serde_json::{Value, json};

use super::super::super::answer::{Answer, Refusal};
use super::super::super::courier::Courier;
use super::super::super::members::{required_string, wrong};
use super::super::super::state::JourneyState;
use super::{answer, json_of};

pub(super) fn routes(courier: &Courier, router: Router) -> Router {
    let of = || courier.clone();
    let (list, set, reset) = (of(), of(), of());
    router.route("/emulator/journeys", get(async move || answer(Ok(shown(&list))))).route(
        "/emulator/journeys/{id}",
        put(async move |Path(id): Path<String>, request: Request| {
            let state = read(request).await;
            answer(state.map(|state| {
                set.set_journey(&id, state);
                Answer::empty()
            }))
        })
        .delete(async move |Path(id): Path<String>| {
            let unknown = || Refusal::not_found(format!("nothing was said of the journey '{id}'"));
            answer(reset.reset_journey(&id).then(Answer::empty).ok_or_else(unknown))
        }),
    )
}

fn shown(courier: &Courier) -> Answer {
    let state = courier.state();
    let journeys = state.journeys.all();
    let journeys = journeys.map(|(id, state)| json!({"id": id, "state": state.as_str()}));
    Answer::json(StatusCode::OK, &journeys.collect())
}

async fn read(request: Request) -> Result<JourneyState, Refusal> {
    let Value::Object(body) = json_of(request).await? else {
        return Err(Refusal::bad_request("a journey's state is a JSON object"));
    };
    let name = required_string(&body, "state")?;
    let state = JourneyState::ALL.into_iter().find(|state| state.as_str() == name);
    let known = "'unknown', 'archived', 'disabled' or 'conditions_not_met'";
    state.ok_or_else(|| wrong("state", known))
}
