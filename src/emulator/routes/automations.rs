//! `/automations`: invocations, ad hoc and by template, and the list of runs. Runs are accepted and
//! listed, not executed, so each stays in the state a fresh one has. Any template id is accepted:
//! which ones a real workspace has cannot be known here.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::{missing, optional_object, optional_string, required_object, wrong};
use super::super::paging::{Page, to_hex};
use super::super::state::{Invocation, Source, State};
use crate::clock::Time;

pub(super) fn invoke_ad_hoc(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let automation = required_object(&body, "automation")?;
    let steps = automation.get("steps").ok_or_else(|| missing("automation.steps"))?;
    let steps = steps.as_array().ok_or_else(|| wrong("automation.steps", "an array"))?;
    if !steps.iter().all(|step| step.get("action").is_some_and(Value::is_string)) {
        return Err(wrong("automation.steps", "objects with an 'action' each"));
    }
    optional_string(automation, "cancelation_token")?;
    accept(state, call, &body, Source::AdHoc)
}

pub(super) fn invoke_template(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    if !body.contains_key("recipient") {
        return Err(Refusal::bad_request("'recipient' is required, and may be null"));
    }
    let template = call.id()?.to_owned();
    accept(state, call, &body, Source::Template(template))
}

fn accept(
    state: &mut State,
    call: &mut Call,
    body: &Map<String, Value>,
    source: Source,
) -> Result<Answer, Refusal> {
    let recipient = optional_string(body, "recipient")?.map(String::from);
    for name in ["brand", "template"] {
        optional_string(body, name)?;
    }
    for name in ["data", "profile"] {
        optional_object(body, name)?;
    }
    let run_id = state.ids.give();
    let answer = Answer::json(StatusCode::OK, &json!({"runId": run_id}));
    let invocation =
        Invocation { run_id, source, recipient, body: call.body.clone(), at: call.now };
    state.record_invocation(invocation);
    Ok(answer)
}

/// Runs of automations, newest first, after the cursor's run, of one template if asked for.
pub(super) fn runs(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let template = call.query("template_id");
    let mut runs = state.invocations.since(0).rev().filter_map(|invocation| {
        let run = run(invocation)?;
        let wanted = template.is_none_or(|wanted| run.get("template_id") == Some(&json!(wanted)));
        wanted.then_some((invocation.run_id.as_str(), run))
    });
    if let Some(after) = &page.after {
        runs.find(|(run_id, _)| run_id == after);
    }
    let mut found: Vec<(&str, Value)> = runs.take(page.limit + 1).collect();
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    let cursor = found.last().filter(|_| more).map(|(run_id, _)| to_hex(run_id));
    let runs: Vec<Value> = found.into_iter().map(|(_, run)| run).collect();
    let mut body = json!({"runs": runs});
    if let (Some(cursor), Value::Object(body)) = (cursor, &mut body) {
        body.insert("next_cursor".to_owned(), Value::from(cursor));
    }
    Ok(Answer::json(StatusCode::OK, &body))
}

fn run(invocation: &Invocation) -> Option<Value> {
    let (source, template) = match &invocation.source {
        Source::AdHoc => ("invoke".to_owned(), None),
        Source::Template(template) => (format!("invoke/{template}"), Some(template)),
        // Journeys have a list of their own.
        Source::Journey(_) => return None,
    };
    Some(json!({
        "run_id": invocation.run_id,
        "source": [source],
        "status": "PROCESSING",
        "template_id": template,
        "created_at": Time::from_epoch(invocation.at).to_string(),
    }))
}
