//! `/inbound/*`: events. `courier` takes tracks of Courier's own shape; `rudderstack` and `segment`
//! take those products' events as they are. An answer of 202 promises acceptance only, so what an
//! event lacks for its effect is no error: the effect is left out.

use http::StatusCode;
use serde_json::Map;

use super::super::answer::{Answer, Refusal};
use super::super::call::Call;
use super::super::members::wrong;
use super::super::state::{Accepted, InboundKind, State};
use super::triggers;

/// The types of events that have an effect.
const TYPES: [&str; 3] = ["identify", "track", "group"];

pub(super) fn courier(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let event = call.event()?;
    let name = event.event()?;
    let message_id = event.text_message()?;
    event.has_properties()?;
    let user = event.text_user()?;
    if event.kind()? != "track" {
        return Err(wrong("type", "'track'"));
    }
    once(state, InboundKind::Courier, Some(&message_id), call)?;
    let on = || format!("track/{name}");
    let runs = triggers::start_all(state, InboundKind::Courier, on, user.as_deref(), &event, call);
    Ok(accept(state, InboundKind::Courier, "track", runs, call))
}

pub(super) fn rudderstack(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    foreign(state, InboundKind::RudderStack, call)
}

pub(super) fn segment(state: &mut State, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    foreign(state, InboundKind::Segment, call)
}

fn foreign(state: &mut State, kind: InboundKind, call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let mut event = call.event()?;
    let given = event.kind()?;
    let event_type = TYPES.into_iter().find(|it| it.eq_ignore_ascii_case(&given));
    let event_type = event_type.ok_or_else(|| wrong("type", "'identify', 'track' or 'group'"))?;
    once(state, kind, event.message().as_deref(), call)?;
    let mut user = event.user();
    match event_type {
        "identify" => {
            // Courier documents the fallback to anonymousId for group alone.
            if let (Some(user), Some(traits)) = (&user, event.traits.take()) {
                state.merge_profile(user, traits, call.merge);
            }
        }
        "group" => {
            user = user.or_else(|| event.anonymous());
            if let (Some(user), Some(group)) = (&user, event.group()) {
                // What becomes of the group's traits is not documented: nothing, here.
                state.memberships.put(&group, user, Map::new(), call.merge);
            }
        }
        _ => {}
    }
    let on = || match event.event_name() {
        Some(name) if event_type == "track" => format!("track/{name}"),
        _ => event_type.to_owned(),
    };
    let runs = triggers::start_all(state, kind, on, user.as_deref(), &event, call);
    Ok(accept(state, kind, event_type, runs, call))
}

/// Refuses a message id already used at this endpoint; an event without one is always new.
fn once(
    state: &mut State,
    kind: InboundKind,
    message_id: Option<&str>,
    call: &Call<'_>,
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
    event_type: &'static str,
    runs: Vec<String>,
    call: &Call<'_>,
) -> Answer {
    let message_id = state.ids.give();
    let sequence = call.sequence;
    state.record_inbound(Accepted { kind, event_type, message_id, runs, sequence });
    // An id has nothing that JSON would escape. Every event is answered with one, so it is not `format!` that writes it.
    let answer = ["{\"messageId\":\"", &message_id.text(), "\"}"].concat();
    Answer::written(StatusCode::ACCEPTED, answer)
}
