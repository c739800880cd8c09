//! The emulator's own routes, which Courier does not have: the log, the summary, what is drawn in Studio, the run log,
//! limits and faults. They ask for no key and are not logged.

pub(super) mod automations;
mod journeys;
mod runs;
mod weather;

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::body::receive;
use super::super::courier::Courier;
use super::super::log::LoggedRequest;

/// How many log lines are read under one hold of the lock: enough to make holds rare, few enough
/// that requests do not notice.
const CHUNK: usize = 256;

pub(super) fn routes(courier: &Courier, router: Router) -> Router {
    let (log, summary) = (courier.clone(), courier.clone());
    let router = automations::routes(courier, router);
    let router = journeys::routes(courier, router);
    let router = runs::routes(courier, router);
    weather::routes(courier, router)
        .route("/emulator/requests", get(async move || ndjson(lines(log.clone()))))
        .route("/emulator/summary", get(async move || summarize(&summary)))
}

/// The answer to what the emulator has no route of its own for; none where it is Courier's to answer.
pub(super) fn refused(request: &Request) -> Option<Response> {
    let is_own = request.uri().path().starts_with("/emulator/");
    let message = "the emulator has no such route, or not with this method";
    is_own.then(|| Answer::from(Refusal::not_found(message)).into_response())
}

fn summarize(courier: &Courier) -> Response {
    Answer::json(StatusCode::OK, &json!(courier.summary())).into_response()
}

fn answer(result: Result<Answer, Refusal>) -> Response {
    result.unwrap_or_else(Answer::from).into_response()
}

async fn json_of(request: Request) -> Result<Value, Refusal> {
    let body = receive(request.into_body()).await?;
    serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad_request(format!("the body is not JSON: {error}")))
}

fn ndjson(lines: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(lines));
    let ndjson = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, ndjson);
    response
}

/// The log as it stood when asked for, a chunk at a time, so that a long one is never in memory
/// twice.
fn lines(courier: Courier) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let end = courier.state().log.next();
    stream::unfold((courier, 0), move |(courier, from)| async move {
        let requests: Vec<_> = courier.state().log.since(from).take(CHUNK).cloned().collect();
        let next = requests.last()?.sequence + 1;
        let lines: String = requests
            .iter()
            .take_while(|request| request.sequence < end)
            .map(LoggedRequest::line)
            .collect();
        (!lines.is_empty()).then(|| (Ok(Bytes::from(lines)), (courier, next)))
    })
}
