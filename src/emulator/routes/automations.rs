//! `/automations`: invocations, ad hoc and by template, the templates there are, and the runs. Any template id is
//! accepted: which ones a real workspace has cannot be known here.

use std::ops::Bound;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::automation::{Context, Start, start};
use super::super::call::Call;
use super::super::members::{optional_object, optional_string, required_object};
use super::super::paging::Page;
use super::super::state::{Invocation, Source, StartedBy, State, Template};
use super::steps;
use crate::clock::Time;

pub(super) fn invoke_ad_hoc(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let automation = required_object(&body, "automation")?;
    let steps = steps::check(automation.get("steps"), "automation.steps")?;
    let token = optional_string(automation, "cancelation_token")?.map(String::from);
    let steps = Some(Arc::from(steps));
    accept(state, call, &body, |_, started_by, context| Start {
        source: Source::AdHoc,
        started_by,
        steps,
        context,
        token,
    })
}

pub(super) fn invoke_template(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    if !body.contains_key("recipient") {
        return Err(Refusal::bad_request("'recipient' is required, and may be null"));
    }
    let template = call.id()?.to_owned();
    accept(state, call, &body, |state, started_by, context| {
        Start::template(state, &template, started_by, context)
    })
}

fn accept(
    state: &mut State,
    call: &mut Call<'_>,
    body: &Map<String, Value>,
    what: impl FnOnce(&State, StartedBy, Context) -> Start,
) -> Result<Answer, Refusal> {
    let recipient = optional_string(body, "recipient")?.map(String::from);
    for name in ["brand", "template"] {
        optional_string(body, name)?;
    }
    for name in ["data", "profile"] {
        optional_object(body, name)?;
    }
    let context = Context::of(state, body, recipient.as_deref());
    let what = what(state, StartedBy::Invoke, context);
    let source = what.source.clone();
    let run_id = start(state, what, call.now);
    let answer = Answer::json(StatusCode::OK, &json!({"runId": run_id}));
    let invocation = Invocation { run_id, source, recipient, body: call.own_body(), at: call.now };
    state.record_invocation(invocation);
    Ok(answer)
}

/// The templates there are, by id. All are published: here nobody drafts.
pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let is_published = match call.query("version") {
        None | Some("" | "published") => true,
        Some("draft") => false,
        Some(_) => return Err(Refusal::untyped("'version' must be 'published' or 'draft'")),
    };
    let from = page.after.as_deref().map_or(Bound::Unbounded, |id| Bound::Excluded(Arc::from(id)));
    let templates = state.automations.templates.from(from).filter(|_| is_published);
    let (templates, cursor) =
        page.cut(templates.map(|(id, template)| (id.to_string(), shown(id, template))));
    let mut body = json!({"templates": templates});
    if let (Some(cursor), Value::Object(body)) = (cursor, &mut body) {
        body.insert("cursor".to_owned(), Value::from(cursor));
    }
    Ok(Answer::json(StatusCode::OK, &body))
}

fn shown(id: &str, template: &Template) -> Value {
    json!({
        "id": id,
        "name": template.name,
        "version": "published",
        "createdAt": Time::from_epoch(template.created).to_string(),
        "updatedAt": Time::from_epoch(template.updated).to_string(),
    })
}
