//! `/automations/runs`: the runs of automations, newest first, and the steps of one. Journeys have a list of their own,
//! which is not emulated.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::paging::Page;
use super::super::state::{Run, RunStep, Source, StartedBy, State};
use crate::clock::Time;

/// Courier's bounds; a number outside them is moved to the nearer one, and what is no number is the default.
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 50;

const DAY: Duration = Duration::from_secs(24 * 3_600);

pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let limit = call.query("limit").and_then(|limit| limit.parse::<i64>().ok());
    let limit = limit.map_or(DEFAULT_LIMIT, |limit| {
        usize::try_from(limit.max(1)).unwrap_or(MAX_LIMIT).min(MAX_LIMIT)
    });
    let page = Page { limit, after: Page::cursor(call)? };
    let any_of = |name| call.query(name).filter(|list| !list.is_empty());
    let (statuses, templates) = (any_of("status"), any_of("template_id"));
    let from = bound(call, "start_date", Duration::ZERO)?;
    let until = bound(call, "end_date", DAY.saturating_sub(Duration::from_millis(1)))?;
    let runs = state.runs.newest(page.after.as_deref()).filter(|run| {
        let is_named = |list: Option<&str>, name: Option<&str>| {
            list.is_none_or(|list| list.split(',').any(|it| Some(it.trim()) == name))
        };
        !matches!(run.source, Source::Journey(_))
            && is_named(statuses, Some(run.status(call.now).as_str()))
            && is_named(templates, template(run))
            && from.is_none_or(|from| run.created >= from)
            && until.is_none_or(|until| run.created <= until)
    });
    let (runs, cursor) = page.cut(runs.map(|run| (run.run_id.clone(), shown(run, call.now))));
    let mut body = json!({"runs": runs});
    if let (Some(cursor), Value::Object(body)) = (cursor, &mut body) {
        body.insert("next_cursor".to_owned(), Value::from(cursor));
    }
    Ok(Answer::json(StatusCode::OK, &body))
}

/// A time, or a day, of which the `rest` counts too.
fn bound(call: &Call<'_>, name: &str, rest: Duration) -> Result<Option<Duration>, Refusal> {
    let Some(text) = call.query(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let day = || Some(Time::parse(&format!("{text}T00:00:00Z"))?.since_epoch() + rest);
    let time = Time::parse(text).map(Time::since_epoch).or_else(day);
    time.map(Some)
        .ok_or_else(|| Refusal::bad_request(format!("'{name}' must be an ISO 8601 date or time")))
}

pub(super) fn steps(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.id()?;
    let run = state.runs.get(id).filter(|run| !matches!(run.source, Source::Journey(_)));
    let run = run.ok_or_else(|| Refusal::not_found(format!("there is no run '{id}'")))?;
    let steps: Vec<Value> = run.steps.iter().map(shown_step).collect();
    Ok(Answer::json(StatusCode::OK, &json!({"steps": steps})))
}

fn template(run: &Run) -> Option<&str> {
    match &run.source {
        Source::Template(template) => Some(template),
        Source::AdHoc | Source::Journey(_) => None,
    }
}

pub(super) fn shown(run: &Run, now: Duration) -> Value {
    let source = match (&run.started_by, template(run)) {
        (StartedBy::Event(kind, on), _) => format!("{}/{on}", kind.name()),
        (StartedBy::Invoke | StartedBy::Run(_), Some(template)) => format!("invoke/{template}"),
        (StartedBy::Invoke | StartedBy::Run(_), None) => "invoke".to_owned(),
    };
    json!({
        "run_id": run.run_id,
        "source": [source],
        "status": run.status(now).as_str(),
        "template_id": template(run),
        "created_at": Time::from_epoch(run.created).to_string(),
    })
}

pub(super) fn shown_step(step: &RunStep) -> Value {
    let at = Time::from_epoch(step.at).to_string();
    json!({
        "step_id": step.step_id,
        "action": step.action,
        "status": step.status.as_str(),
        "message_id": step.message_id,
        "created_at": at,
        "updated_at": at,
    })
}
