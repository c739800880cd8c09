//! `/send` and `/messages`: what is sent, and what would have become of it. Nothing leaves the emulator.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::{missing, optional_object, optional_string, wrong};
use super::super::outbox::{Outgoing, addressees, send};
use super::super::paging::Page;
use super::super::state::{Message, State};

/// Security: each recipient is a message in the log. Courier documents no limit.
const MAX_RECIPIENTS: usize = 10_000;

/// Accepts a message. What there is to send with, and whether it arrives, only a real Courier knows.
pub(super) fn accept(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let mut body = call.object()?;
    let message = body.remove("message").ok_or_else(|| missing("message"))?;
    let members = message.as_object().ok_or_else(|| wrong("message", "an object"))?;
    let to = members.get("to").ok_or_else(|| missing("message.to"))?;
    let several = to.as_array();
    if several.is_some_and(|several| several.len() > MAX_RECIPIENTS) {
        return Err(wrong("message.to", &format!("at most {MAX_RECIPIENTS} recipients")));
    }
    if !several.map_or(to.is_object(), |several| several.iter().all(Value::is_object)) {
        return Err(wrong("message.to", "an object or an array of them"));
    }
    let template = optional_string(members, "template")?;
    let content = optional_object(members, "content")?;
    if template.is_none() && content.is_none() {
        return Err(Refusal::bad_request("'message.template' or 'message.content' is required"));
    }
    optional_object(members, "data")?;
    let event = members.get("metadata").and_then(|it| it.get("event")).and_then(Value::as_str);
    let notification = template.unwrap_or_default().to_owned();
    let event = event.unwrap_or(&notification).to_owned();
    let to = addressees(to);
    let outgoing = Outgoing { to, notification, event, request: Arc::new(message), run_id: None };
    let request_id = send(state, outgoing, call.now);
    Ok(Answer::json(StatusCode::ACCEPTED, &json!({"requestId": request_id})))
}

/// Messages, newest first; of one recipient, event, notification or status if asked for.
pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let page = Page::of(call)?;
    let wanted = |name| call.query(name).filter(|wanted| !wanted.is_empty());
    let fits = |name, value: &str| wanted(name).is_none_or(|wanted| wanted == value);
    let messages = state.messages.newest(page.after.as_deref()).filter(|message| {
        fits("recipient", &message.recipient)
            && fits("event", &message.event)
            && fits("notification", &message.notification)
            && fits("status", message.status.as_str())
    });
    Ok(page.paged("results", messages.map(|message| (message.id.clone(), shown(message)))))
}

pub(super) fn get(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.id()?;
    let message = state.messages.get(id);
    let message =
        message.ok_or_else(|| Refusal::not_found(format!("there is no message '{id}'")))?;
    Ok(Answer::json(StatusCode::OK, &shown(message)))
}

fn shown(message: &Message) -> Value {
    let millis = u64::try_from(message.at.as_millis()).unwrap_or(u64::MAX);
    json!({
        "id": message.id,
        "recipient": message.recipient,
        "event": message.event,
        "notification": message.notification,
        "status": message.status.as_str(),
        "enqueued": millis,
    })
}
