//! The paths of the endpoint; those of the page of events are merged into them, where there is one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use super::board::Board;
use super::events_page;
use crate::page::Guard;

/// The format of the metrics page.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All paths of the endpoint over `board`, for whoever `guard` lets look.
pub(super) fn router(board: Arc<Board>, guard: Guard) -> Router {
    let events = board.events.as_ref().map(events_page::routes).unwrap_or_default();
    Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .with_state(board)
        .merge(events)
        .layer(from_fn(move |request, next| guarded(guard, request, next)))
}

/// Refuses names that are not this machine's, where only this machine reaches it.
async fn guarded(guard: Guard, request: Request, next: Next) -> Response {
    match guard.shows(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(status) => {
            (status, "not a name of this endpoint: ask by its address\n").into_response()
        }
    }
}

/// The process runs: that it answers says so.
async fn live() -> &'static str {
    "live\n"
}

/// Whether every destination takes requests; if not, 503 with a reason a line.
async fn ready(State(board): State<Arc<Board>>) -> Response {
    let status = board.status().await;
    let reasons = status.sinks.iter().flat_map(|(name, sink)| {
        sink.reasons.iter().map(move |reason| format!("{name}: {reason}\n"))
    });
    let reasons: String = reasons.collect();
    let fresh = [(CACHE_CONTROL, "no-store")];
    if reasons.is_empty() {
        (fresh, "ready\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, fresh, reasons).into_response()
    }
}

async fn metrics(State(board): State<Arc<Board>>) -> Response {
    // Being asked, each sink brings its gauges up to date.
    board.status().await;
    ([(CONTENT_TYPE, PROMETHEUS)], board.page.render()).into_response()
}

async fn status(State(board): State<Arc<Board>>) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(board.status().await)).into_response()
}
