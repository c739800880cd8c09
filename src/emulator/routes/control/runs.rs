//! `/emulator/runs`: the run log, with what Courier's own routes leave out: the context, and the values of each step.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::StatusCode;
use serde_json::{Value, json};

use super::super::super::answer::{Answer, Refusal};
use super::super::super::courier::Courier;
use super::super::super::state::{Run, RunStep};
use super::super::runs;
use super::{answer, ndjson};
use crate::clock::Time;

pub(super) fn routes(courier: &Courier, router: Router) -> Router {
    let (all, one) = (courier.clone(), courier.clone());
    router.route("/emulator/runs", get(async move || ndjson(lines(all.clone())))).route(
        "/emulator/runs/{run_id}",
        get(async move |Path(run_id): Path<String>| {
            let unknown = || Refusal::not_found(format!("there is no run '{run_id}'"));
            let run = one.run(&run_id).ok_or_else(unknown);
            answer(run.map(|run| Answer::json(StatusCode::OK, &shown(&run, now(&one)))))
        }),
    )
}

fn now(courier: &Courier) -> Duration {
    courier.settings().clock.now().since_epoch()
}

/// All runs, newest first, one at a time: each may have a thousand steps with large values.
fn lines(courier: Courier) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((courier, None::<String>), async |(courier, last)| {
        let run = courier.state().runs.newest(last.as_deref()).next().cloned()?;
        let line = format!("{}\n", shown(&run, now(&courier)));
        Some((Ok(Bytes::from(line)), (courier, Some(run.run_id))))
    })
}

/// A run as Courier lists it, and the rest of it.
fn shown(run: &Run, now: Duration) -> Value {
    let mut shown = runs::shown(run, now);
    let steps: Vec<Value> = run.steps.iter().map(shown_step).collect();
    let more = [
        ("recipient", json!(run.recipient)),
        ("cancelation_token", json!(run.cancelation_token)),
        ("ends_at", Time::from_epoch(run.ends).to_string().into()),
        ("context", run.context.clone()),
        ("steps", steps.into()),
    ];
    if let Value::Object(shown) = &mut shown {
        shown.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    shown
}

fn shown_step(step: &RunStep) -> Value {
    let mut shown = runs::shown_step(step);
    let more = [
        ("resolved", step.resolved.clone()),
        ("unresolved", json!(step.unresolved)),
        ("note", json!(step.note)),
        ("run_id", json!(step.run_id)),
    ];
    if let Value::Object(shown) = &mut shown {
        shown.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    shown
}
