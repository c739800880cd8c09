//! Requests whose query is the event: webhooks that come by GET, and pixels.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures::FutureExt;
use http::Method;
use http::request::Parts;
use tokio::time::Instant;

use super::Shared;
use super::answer::Refusal;
use super::batch::Shape;
use super::query;
use super::routes::{read, told};
use super::writer::{KeyIn, writer};
use crate::runner::source::door::{Arrival, Share, Verdict};

/// A webhook that comes by GET: answered as any other.
pub(super) async fn webhook(shared: Arc<Shared>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let verdict = match from_query(&shared, Shape::Any, KeyIn::Both, &head).await {
        Ok((arrivals, room)) => Ok(shared.door.accept(arrivals, room).await),
        Err(refusal) => Err(refusal),
    };
    told(&shared, &head, verdict)
}

/// An image that tells of somebody: it is answered at once, and with the image, since nobody would send it again.
pub(super) async fn pixel(shared: Arc<Shared>, shape: Shape, request: Request) -> Response {
    let (head, _) = request.into_parts();
    // Correctness: polled once, the events are taken in, and go on when nobody waits for them.
    let refusal = match from_query(&shared, shape, KeyIn::Query, &head).await {
        Ok((arrivals, room)) => match shared.door.accept(arrivals, room).now_or_never() {
            Some(Verdict::Overloaded) => Some(Refusal::Overloaded),
            Some(Verdict::Closed) => Some(Refusal::Unavailable),
            Some(Verdict::Safe | Verdict::Errored | Verdict::Late) | None => None,
        },
        Err(refusal) => Some(refusal),
    };
    if let Some(refusal) = refusal {
        shared.note(refusal, head.uri.path());
    }
    query::gif()
}

/// The event in the query of a GET.
async fn from_query(
    shared: &Shared,
    shape: Shape,
    key_in: KeyIn,
    head: &Parts,
) -> Result<(Vec<Arrival>, Share), Refusal> {
    let writer = writer(shared, key_in, head)?;
    // Asked for its head alone, a route tells what it would say, and nothing is done.
    let query = head.uri.query().filter(|_| head.method == Method::GET);
    let mut event = query::event(query)?;
    if shape != Shape::Any {
        query::complete_pixel(&mut event, &shared.clock, &mut shared.chance());
    }
    let body = Bytes::from(serde_json::Value::Object(event).to_string());
    let room = shared.door.budget().take(body.len()).ok_or(Refusal::Overloaded)?;
    let deadline = Instant::now() + shared.settings.body_timeout;
    read(shared, (shape, &writer, head), body, (room, deadline)).await
}
