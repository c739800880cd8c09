//! track: the automation it brings, else those mapped to it, else wherever unmapped events go.

use super::direct::{Context, Written};
use super::inline::{self, Payload};
use super::{Inline, Refusal, Unmapped, forward, mapping, run, step};
use crate::courier::{Body, Request, TemplateId};
use crate::json::{Json, Kind, ObjectWriter};
use crate::telemetry::SkipReason;

/// Adds the steps of a track event.
pub(super) fn push(context: Context<'_>, steps: &mut step::Builder<'_>) -> Written {
    let mut payload = Payload::of(context.event);
    let trust = inline::trust(context.event, context.rules);
    payload.limit(trust);
    if let Some(request) = invoke(context, &payload)? {
        steps.push_user(None, request);
        return Ok(Ok(()));
    }
    mapping::push(context, steps)?;
    if steps.last().is_none() {
        let request = match context.direct.unmapped {
            Unmapped::Skip => return Ok(Err(SkipReason::Unmapped)),
            Unmapped::InboundCourier => inbound_courier(context, trust)?,
            Unmapped::InboundRudderStack => forward::request(context.event, trust)?,
        };
        steps.push_user(None, request);
    }
    Ok(Ok(()))
}

/// The automation the event itself brings or names.
fn invoke(context: Context<'_>, payload: &Payload) -> Result<Option<Request>, Refusal> {
    const STEPS: &str = "properties.courier.automation.steps";
    const TEMPLATE: &str = "properties.courier.automation.template";
    if let Some(list) = &payload.steps {
        if list.kind() != Kind::Array {
            return Err(Refusal::kind(STEPS, "an array", list.kind()));
        }
        let inside = list.as_str().strip_prefix('[').unwrap_or_default();
        if inside.trim_start().starts_with(']') {
            return Err(Refusal::Empty(STEPS));
        }
        let token = payload.cancelation_token.as_ref();
        let mut body = ObjectWriter::with_capacity(list.as_str().len() + 256);
        body.raw("automation", &run::automation(list, token));
        run_context(context, payload, &mut body)?;
        body.raw_if("template", payload.template.as_ref().map(Json::as_str));
        return Ok(Some(Request::InvokeAdHoc { body: Body::new(body.finish())? }));
    }
    let Some(template) = &payload.template else {
        return Ok(None);
    };
    let id = template.to_text();
    let id = id.ok_or_else(|| Refusal::kind(TEMPLATE, "a string", template.kind()))?;
    let template = TemplateId::new(&id).map_err(Refusal::id(TEMPLATE))?;
    let mut body = ObjectWriter::with_capacity(256);
    run_context(context, payload, &mut body)?;
    Ok(Some(Request::InvokeAutomation { template, body: Body::new(body.finish())? }))
}

/// What a run knows: recipient, data, profile and brand.
fn run_context(
    context: Context<'_>,
    payload: &Payload,
    body: &mut ObjectWriter,
) -> Result<(), Refusal> {
    const DATA: &str = "properties.courier.automation.data";
    const RECIPIENT: &str = "properties.courier.automation.recipient";
    const PROFILE: &str = "properties.courier.automation.profile";
    let recipient = match &payload.recipient {
        Some(recipient) => Some(run::id_text(RECIPIENT, recipient)?),
        None => context.user().map(|(_, id)| id.to_owned()),
    };
    run::write_recipient(recipient.as_deref(), body);
    let data = match &payload.data {
        Some(data) => Some(run::object(DATA, data.clone())?),
        None => run::default_data(context.event)?,
    };
    body.raw_if("data", data.as_ref().map(Json::as_str));
    let profile = payload.profile.clone();
    let profile = profile.map(|it| run::object(PROFILE, it)).transpose()?;
    body.raw_if("profile", profile.as_ref().map(Json::as_str));
    body.raw_if("brand", payload.brand.as_ref().map(Json::as_str));
    Ok(())
}

/// The body of `POST /inbound/courier`, all of whose members but `userId` are required.
fn inbound_courier(context: Context<'_>, trust: Inline) -> Result<Request, Refusal> {
    let event = context.event;
    let name = event.name.as_deref().ok_or(Refusal::Missing("event"))?;
    let properties = event.properties.clone().map(|it| run::object("properties", it));
    let properties = properties.transpose()?;
    let properties = properties.as_ref().map_or("{}", Json::as_str);
    let stripped = inline::strip(properties, trust);
    let mut body = ObjectWriter::with_capacity(properties.len() + 256);
    body.string("event", name);
    body.string("messageId", event.message_id.as_str());
    body.string("type", "track");
    body.raw("properties", stripped.as_deref().unwrap_or(properties));
    if let Some((_, user)) = context.user() {
        body.string("userId", user);
    }
    Ok(Request::InboundCourier { body: Body::new(body.finish())? })
}
