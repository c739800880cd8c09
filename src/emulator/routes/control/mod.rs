//! The emulator's own routes, which Courier does not have: the log, the summary, and what is drawn in Studio, limits
//! and faults. They ask
//! for no key and are not logged.

pub(super) mod automations;
mod weather;

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use super::super::answer::Answer;
use super::super::courier::Courier;
use super::super::log::LoggedRequest;

/// How many log lines are read under one hold of the lock: enough to make holds rare, few enough
/// that requests do not notice.
const CHUNK: usize = 256;

pub(super) fn routes(courier: &Courier, router: Router) -> Router {
    let (log, summary) = (courier.clone(), courier.clone());
    let router = weather::routes(courier, router);
    automations::routes(courier, router)
        .route("/emulator/requests", get(async move || requests(log.clone())))
        .route("/emulator/summary", get(async move || summarize(&summary)))
}

fn summarize(courier: &Courier) -> Response {
    Answer::json(StatusCode::OK, &json!(courier.summary())).into_response()
}

fn requests(courier: Courier) -> Response {
    let mut response = Response::new(Body::from_stream(lines(courier)));
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
