//! `/emulator/automations` and `/emulator/links`: what is drawn in Courier Studio, written by hand. `GET` lists, `PUT`
//! creates or replaces, `DELETE` removes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request};
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::super::answer::{Answer, Refusal};
use super::super::super::courier::Courier;
use super::super::super::members::{only, optional_string, required_string, wrong};
use super::super::super::state::{InboundKind, Link, State, Template};
use super::super::steps;
use super::{answer, json_of};

pub(super) fn routes(courier: &Courier, router: Router) -> Router {
    let of = || courier.clone();
    let (list, put, delete) = (of(), of(), of());
    let (links, link, unlink) = (of(), of(), of());
    router
        .route("/emulator/automations", get(async move || answer(Ok(automations(&list)))))
        .route(
            "/emulator/automations/{id}",
            axum::routing::put(async move |Path(id): Path<String>, request: Request| {
                answer(write(&put, &id, request).await)
            })
            .delete(async move |Path(id): Path<String>| {
                let removed = delete.remove_automation(&id);
                let unknown = || Refusal::not_found(format!("there is no automation '{id}'"));
                answer(removed.then(Answer::empty).ok_or_else(unknown))
            }),
        )
        .route(
            "/emulator/links",
            get(async move || answer(Ok(shown_links(&links))))
                .put(async move |request: Request| answer(add(&link, request).await))
                .delete(async move |request: Request| answer(remove(&unlink, request).await)),
        )
}

fn automations(courier: &Courier) -> Answer {
    let automations: Vec<Value> = courier.automations().into_iter().map(shown).collect();
    Answer::json(StatusCode::OK, &Value::from(automations))
}

fn shown((id, template): (String, Template)) -> Value {
    json!({
        "id": id,
        "name": template.name,
        "steps": &template.steps[..],
        "cancelation_token": template.cancelation_token,
    })
}

async fn write(courier: &Courier, id: &str, request: Request) -> Result<Answer, Refusal> {
    let automation = json_of(request).await?;
    let now = courier.settings().clock.now().since_epoch();
    put_automation(&mut courier.state(), id, automation, now)?;
    Ok(Answer::empty())
}

/// Creates or replaces an automation: `name` (by default the id), `steps`, `cancelation_token`. The `id` that it is read with
/// may stand there, too.
pub(in super::super::super) fn put_automation(
    state: &mut State,
    id: &str,
    automation: Value,
    now: Duration,
) -> Result<(), Refusal> {
    let Value::Object(automation) = automation else {
        return Err(Refusal::bad_request("an automation is a JSON object"));
    };
    only(&automation, &["id", "name", "steps", "cancelation_token"])?;
    let steps = Arc::from(steps::check(automation.get("steps"), "steps")?);
    let template = Template {
        name: optional_string(&automation, "name")?.unwrap_or(id).to_owned(),
        steps,
        cancelation_token: optional_string(&automation, "cancelation_token")?.map(String::from),
        created: now,
        updated: now,
    };
    state.automations.put(id, template);
    Ok(())
}

fn shown_links(courier: &Courier) -> Answer {
    let shown = |link: &Link| json!({"source": link.source.name(), "on": link.on, "template": link.template});
    let links: Vec<Value> = courier.links().iter().map(shown).collect();
    Answer::json(StatusCode::OK, &Value::from(links))
}

async fn add(courier: &Courier, request: Request) -> Result<Answer, Refusal> {
    let link = read_link(request).await?;
    put_link(&mut courier.state(), link)?;
    Ok(Answer::empty())
}

async fn remove(courier: &Courier, request: Request) -> Result<Answer, Refusal> {
    let link = read_link(request).await?;
    let unknown = || Refusal::not_found("there is no such link");
    courier.unlink(&link).then(Answer::empty).ok_or_else(unknown)
}

/// `source` (by default `rudderstack`), `on`, `template`.
async fn read_link(request: Request) -> Result<Link, Refusal> {
    let Value::Object(link) = json_of(request).await? else {
        return Err(Refusal::bad_request("a link is a JSON object"));
    };
    only(&link, &["source", "on", "template"])?;
    let source = optional_string(&link, "source")?.unwrap_or("rudderstack");
    let source = InboundKind::ALL.into_iter().find(|kind| kind.name() == source);
    Ok(Link {
        source: source.ok_or_else(|| wrong("source", "'rudderstack', 'segment' or 'courier'"))?,
        on: required_string(&link, "on")?.to_owned(),
        template: required_string(&link, "template")?.to_owned(),
    })
}

/// Adds a link, if there can be such an event.
pub(in super::super::super) fn put_link(state: &mut State, link: Link) -> Result<(), Refusal> {
    let is_track = link.on.strip_prefix("track/").is_some_and(|name| !name.is_empty());
    let is_other = ["identify", "group"].contains(&link.on.as_str());
    // Courier's own endpoint takes tracks only.
    if !is_track && (!is_other || link.source == InboundKind::Courier) {
        return Err(wrong("on", "'track/NAME', 'identify' or 'group', as this source has it"));
    }
    if !link.names_automation() {
        return Err(wrong("template", "the id of an automation"));
    }
    if state.automations.link(link) {
        return Ok(());
    }
    Err(Refusal::conflict("there are too many links already"))
}
