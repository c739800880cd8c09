//! What an inbound event starts: the automation it brings or names in `properties.courier.automation`, else those that are
//! linked to it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::automation::{Context, Start, refuse, start};
use super::super::call::Call;
use super::super::head::Head;
use super::super::members::written;
use super::super::state::{InboundKind, Source, StartedBy, State};
use super::steps;

/// Starts all of them, given the event's head, and gives their runs' ids. An event was accepted whatever it starts, so
/// steps that are wrong are a run that failed. They are an array: that one page of Courier's calls them an object is taken
/// for a slip.
///
/// Where Courier's pages differ on what `refs.data` is, this is what its newest examples have: `data` of the payload; or
/// the `properties` of its own tracks; or the whole event. Members of the payload that its ad hoc invoke knows too
/// (`profile`, `recipient`, `brand`, `cancelation_token`) mean the same as there.
pub(super) fn start_all(
    state: &mut State,
    kind: InboundKind,
    on: impl FnOnce() -> String,
    user: Option<&str>,
    event: &Head<'_>,
    call: &Call<'_>,
) -> Vec<String> {
    let payload = event.automation();
    // So it is with most events.
    if payload.is_none() && !state.automations.are_linked() {
        return Vec::new();
    }
    let on = on();
    let given = |name| payload.and_then(|it| it.get(name)).filter(|value| !value.is_null());
    let text = |name| given(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let inline = given("steps").map(|given| (given, steps::check(Some(given), "steps")));
    let templates = match (&inline, text("template")) {
        (Some(_), _) => Vec::new(),
        (None, Some(template)) => vec![template.to_owned()],
        (None, None) => state.automations.linked(kind, &on),
    };
    if inline.is_none() && templates.is_empty() {
        return Vec::new();
    }

    let now = call.now;
    let data = given("data").cloned().or_else(|| whole(kind, call.body));
    let mut members = Map::new();
    members.insert("data".to_owned(), data.unwrap_or_default());
    for name in ["profile", "brand"] {
        members.insert(name.to_owned(), given(name).cloned().unwrap_or_default());
    }
    let recipient = given("recipient").and_then(written).or_else(|| user.map(String::from));
    let context = Context::of_event(&members, recipient.as_deref());
    let started_by = || StartedBy::Event(kind, on.clone());
    let token = given("cancelation_token").and_then(written);

    let ad_hoc = |steps| Start {
        source: Source::AdHoc,
        started_by: started_by(),
        steps,
        context: context.clone(),
        token: token.clone(),
    };
    match inline {
        Some((_, Ok(steps))) => vec![start(state, ad_hoc(Some(Arc::from(steps))), now)],
        Some((given, Err(refusal))) => {
            vec![refuse(state, ad_hoc(None), given, refusal.message(), now)]
        }
        None => {
            let starts = templates.iter().map(|template| {
                let what = Start::template(state, template, started_by(), context.clone());
                let what = Start { token: token.clone().or_else(|| what.token.clone()), ..what };
                start(state, what, now)
            });
            starts.collect()
        }
    }
}

/// What a run may read of an event that brings no `data`. One that cannot be read to its end has nothing to give.
fn whole(kind: InboundKind, body: &[u8]) -> Option<Value> {
    let event: Value = serde_json::from_slice(body).ok()?;
    match kind {
        InboundKind::Courier => event.get("properties").cloned(),
        InboundKind::RudderStack | InboundKind::Segment => Some(event),
    }
}
