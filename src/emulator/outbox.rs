//! Sending: a message for each of its addressees is listed, and goes nowhere. Knows neither requests nor runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::members::written;
use super::retention::value_weight;
use super::state::{Message, MessageStatus, State};

/// What is to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Whom to; an empty text is nobody.
    pub(super) to: Vec<String>,
    pub(super) notification: String,
    pub(super) event: String,
    pub(super) request: Arc<Value>,
    pub(super) run_id: Option<String>,
}

/// By what Courier names a recipient, the most telling first.
const ADDRESSES: [&str; 7] =
    ["user_id", "email", "phone_number", "list_id", "list_pattern", "audience_id", "tenant_id"];

/// The addressees of a `to`, which is an object or an array of them.
pub(super) fn addressees(to: &Value) -> Vec<String> {
    let address =
        |to: &Value| ADDRESSES.iter().find_map(|name| written(to.get(name)?)).unwrap_or_default();
    match to {
        Value::Array(several) => several.iter().map(address).collect(),
        Value::Object(_) => vec![address(to)],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![String::new()],
    }
}

/// Lists the messages, and gives the request's id: the message's own, where it is one.
pub(super) fn send(state: &mut State, outgoing: Outgoing, at: Duration) -> String {
    let Outgoing { to, notification, event, request, run_id } = outgoing;
    let request_bytes = value_weight(&request) + notification.len() + event.len();
    let is_single = to.len() == 1;
    let request_id = state.ids.give().text();
    for recipient in to {
        let id = if is_single { request_id.clone() } else { state.ids.give().text() };
        let status =
            if recipient.is_empty() { MessageStatus::Unroutable } else { MessageStatus::Simulated };
        let message = Message {
            id,
            recipient,
            notification: notification.clone(),
            event: event.clone(),
            request: Arc::clone(&request),
            run_id: run_id.clone(),
            status,
            at,
        };
        state.messages.push(message, request_bytes);
    }
    request_id
}
