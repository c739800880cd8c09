//! RudderStack's routes, and the way of one request: who writes, what it holds, how it ends.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::Shared;
use super::answer::{self, Refusal};
use super::batch::{Rules, Shape, arrivals, cut};
use super::body::{drain, receive};
use super::by_get;
use super::gateway::Stamp;
use super::keys::Writer;
use super::writer::{KeyIn, writer};
use crate::event::{Origin, Seed};
use crate::runner::source::door::{Arrival, Share, Verdict};

/// Whose connection a request came by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

const SINGLES: [(&str, &str); 7] = [
    ("/v1/identify", "identify"),
    ("/v1/track", "track"),
    ("/v1/group", "group"),
    ("/v1/page", "page"),
    ("/v1/screen", "screen"),
    ("/v1/alias", "alias"),
    ("/v1/merge", "merge"),
];

const PIXELS: [(&str, &str); 2] = [("/pixel/v1/track", "track"), ("/pixel/v1/page", "page")];

/// How long a browser may remember what a preflight said, as in RudderStack's gateway.
const PREFLIGHT_FOR: std::time::Duration = std::time::Duration::from_secs(900);

/// All routes.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let take = |methods, shape, key_in| {
        let shared = Arc::clone(shared);
        on(methods, move |request: Request| {
            let shared = Arc::clone(&shared);
            async move { exchange(&shared, shape, key_in, request).await }
        })
    };
    let health = {
        let shared = Arc::clone(shared);
        move || std::future::ready(health(shared.door.is_closed()))
    };
    let webhook = {
        let shared = Arc::clone(shared);
        move |request| by_get::webhook(Arc::clone(&shared), request)
    };
    let any_method = MethodFilter::POST.or(MethodFilter::PUT).or(MethodFilter::PATCH);
    let mut router = Router::new()
        .fallback(answer::not_found)
        .route("/", get(health.clone()))
        .route("/health", get(health))
        .route("/version", get(|| std::future::ready(version())))
        .route("/v1/batch", take(MethodFilter::POST, Shape::Batch, KeyIn::Header))
        .route("/v1/import", take(MethodFilter::POST, Shape::Batch, KeyIn::Header))
        .route("/beacon/v1/batch", take(MethodFilter::POST, Shape::Batch, KeyIn::Query))
        .route(
            &shared.settings.path,
            take(any_method, Shape::Any, KeyIn::Both).on(MethodFilter::GET, webhook),
        );
    for (path, kind) in PIXELS {
        let shared = Arc::clone(shared);
        let pixel = move |request| by_get::pixel(Arc::clone(&shared), Shape::Single(kind), request);
        router = router.route(path, get(pixel));
    }
    for (path, kind) in SINGLES {
        router = router.route(path, take(MethodFilter::POST, Shape::Single(kind), KeyIn::Header));
    }
    // Security: any page may send, as it must: what keeps others out is the key, and a public key gives no more rights
    // than to send.
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_credentials(true)
        .allow_headers(AllowHeaders::mirror_request())
        .allow_methods([Method::GET, Method::POST, Method::HEAD])
        .max_age(PREFLIGHT_FOR);
    router.layer(cors)
}

/// What RudderStack's gateway says of itself, as far as it means something here.
fn health(is_closed: bool) -> Response {
    let (status, accepting) = if is_closed {
        (StatusCode::SERVICE_UNAVAILABLE, "FALSE")
    } else {
        (StatusCode::OK, "TRUE")
    };
    let text = format!(
        r#"{{"appType":"courier-sink","server":"UP","db":"UP","acceptingEvents":"{accepting}","routingEvents":"TRUE","mode":"NORMAL","backendConfigMode":"FILE","lastSync":"","lastRegulationSync":""}}"#
    );
    answer::json(status, text)
}

fn version() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(r#"{{"Version":"{version}","Features":["gzip-req-payload"]}}"#);
    answer::json(StatusCode::OK, text)
}

async fn exchange(shared: &Shared, shape: Shape, key_in: KeyIn, request: Request) -> Response {
    let (head, body) = request.into_parts();
    // Correctness: dropped at any await, what was handed to the door goes on, and nothing else was begun.
    let verdict = match writer(shared, key_in, &head) {
        Ok(writer) => handed_over(shared, shape, &writer, &head, body).await,
        Err(refusal) => {
            // Security: as long as any other body may take, and no longer.
            let _ = timeout(shared.settings.body_timeout, drain(body)).await;
            Err(refusal)
        }
    };
    told(shared, &head, verdict)
}

/// The answer to a request that came to this.
pub(super) fn told(shared: &Shared, head: &Parts, verdict: Result<Verdict, Refusal>) -> Response {
    match verdict {
        Ok(verdict) => {
            if verdict != Verdict::Safe {
                tracing::debug!(source = &*shared.name, ?verdict, "a request is to be sent again");
            }
            answer::of(verdict)
        }
        Err(refusal) => {
            shared.note(refusal, head.uri.path());
            refusal.into_response()
        }
    }
}

/// Hands the events of a request over, and waits for how they end.
async fn handed_over(
    shared: &Shared,
    shape: Shape,
    writer: &Writer,
    head: &Parts,
    body: axum::body::Body,
) -> Result<Verdict, Refusal> {
    let settings = &shared.settings;
    if shared.door.is_closed() {
        return Ok(Verdict::Closed);
    }
    let mut room = shared.door.budget().take(0).ok_or(Refusal::Overloaded)?;
    let limit = settings.max_request_bytes.get();
    let deadline = Instant::now() + settings.body_timeout;
    let received = receive(&head.headers, body, limit, &mut room);
    let received = timeout_at(deadline, received).await;
    let body = received.map_err(|_| Refusal::Unavailable)??;
    let (arrivals, room) = read(shared, (shape, writer, head), body, (room, deadline)).await?;
    Ok(shared.door.accept(arrivals, room).await)
}

/// The events of a body, and what they hold. A large one waits for room, until `deadline`.
pub(super) async fn read(
    shared: &Shared,
    (shape, writer, head): (Shape, &Writer, &Parts),
    body: Bytes,
    (mut room, deadline): (Share, Instant),
) -> Result<(Vec<Arrival>, Share), Refusal> {
    let settings = &shared.settings;
    let peer = head.extensions.get::<Peer>().map_or(UNKNOWN, |peer| peer.0);
    let stamp = settings.gateway_fields.then(|| Stamp::new(&head.headers, peer, &shared.clock));
    let name = Arc::clone(&shared.name);
    let rules = Rules {
        shape,
        strict: settings.strict,
        max_events: settings.max_request_events.get(),
        stamp,
        scope: &writer.scope,
        origin: Origin { name, line: None, seed: Seed::Random(0), trust: writer.trust },
    };
    let records = cut(&body, &rules)?;
    // Security: each event is copied, and larger than its bytes, before the door counts it.
    let copied = records.len().saturating_mul(EVENT_BYTES).saturating_add(body.len());
    let grown = timeout_at(deadline, room.grow(body.len().saturating_add(copied))).await;
    if !grown.unwrap_or(false) {
        return Err(Refusal::Overloaded);
    }
    let arrivals = arrivals(records, &rules, shared.chance()).await?;
    Ok((arrivals, room))
}

/// What an event takes beside its bytes while a body is read.
const EVENT_BYTES: usize = 512;

const UNKNOWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
