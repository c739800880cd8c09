//! `/inbound/*`: events. `courier` takes tracks of Courier's own shape; `rudderstack` and `segment`
//! take those products' events as they are. An answer of 202 promises acceptance only, so what an
//! event lacks for its effect is no error: the effect is left out.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::{optional_string, required_object, required_string, written, wrong};
use super::super::state::{InboundEvent, InboundKind, State};
use super::triggers;

pub(super) fn courier(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let on = format!("track/{}", required_string(&body, "event")?);
    let message_id = required_string(&body, "messageId")?.to_owned();
    required_object(&body, "properties")?;
    let user = optional_string(&body, "userId")?.filter(|user| !user.is_empty());
    if required_string(&body, "type")? != "track" {
        return Err(wrong("type", "'track'"));
    }
    once(state, InboundKind::Courier, Some(&message_id), call)?;
    let runs = triggers::start_all(state, InboundKind::Courier, &on, user, &body, call);
    Ok(accept(state, InboundKind::Courier, "track".to_owned(), runs, &body, call))
}

pub(super) fn rudderstack(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    foreign(state, InboundKind::RudderStack, call)
}

pub(super) fn segment(state: &mut State, call: &mut Call) -> Result<Answer, Refusal> {
    foreign(state, InboundKind::Segment, call)
}

fn foreign(state: &mut State, kind: InboundKind, call: &mut Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let event_type = required_string(&body, "type")?.to_ascii_lowercase();
    if !["identify", "track", "group"].contains(&event_type.as_str()) {
        return Err(wrong("type", "'identify', 'track' or 'group'"));
    }
    once(state, kind, id(&body, "messageId").as_deref(), call)?;
    let user = id(&body, "userId");
    let on = match body.get("event").and_then(Value::as_str) {
        Some(name) if event_type == "track" => format!("track/{name}"),
        _ => event_type.clone(),
    };
    let user = match event_type.as_str() {
        "identify" => {
            // Courier documents the fallback to anonymousId for group alone.
            if let (Some(user), Some(Value::Object(traits))) = (&user, body.get("traits")) {
                state.merge_profile(user, traits.clone(), call.merge);
            }
            user
        }
        "group" => {
            let user = user.or_else(|| id(&body, "anonymousId"));
            if let (Some(user), Some(group)) = (&user, id(&body, "groupId")) {
                // What becomes of the group's traits is not documented: nothing, here.
                state.memberships.put(&group, user, Map::new(), call.merge);
            }
            user
        }
        _ => user,
    };
    let runs = triggers::start_all(state, kind, &on, user.as_deref(), &body, call);
    Ok(accept(state, kind, event_type, runs, &body, call))
}

/// Refuses a message id already used at this endpoint; an event without one is always new.
fn once(
    state: &mut State,
    kind: InboundKind,
    message_id: Option<&str>,
    call: &Call,
) -> Result<(), Refusal> {
    match message_id {
        Some(id) if !state.is_new_message(kind, id, call.now) => {
            Err(Refusal::conflict(format!("the messageId '{id}' was already used")))
        }
        Some(_) | None => Ok(()),
    }
}

fn accept(
    state: &mut State,
    kind: InboundKind,
    event_type: String,
    runs: Vec<String>,
    body: &Map<String, Value>,
    call: &mut Call,
) -> Answer {
    let message_id = state.ids.give();
    let answer = Answer::json(StatusCode::ACCEPTED, &json!({"messageId": message_id}));
    let event = body.get("event").and_then(Value::as_str).map(String::from);
    let (body, at) = (call.body.clone(), call.now);
    state.record_inbound(InboundEvent { kind, event_type, event, message_id, body, runs, at });
    answer
}

/// An id, which these products also write as a number.
fn id(body: &Map<String, Value>, name: &str) -> Option<String> {
    written(body.get(name)?)
}
