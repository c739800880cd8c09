//! RudderStack's routes, and the way of one request: who writes, what it holds, how it ends.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, FORWARDED, ORIGIN};
use http::request::Parts;
use http::{Method, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use tokio::time::{Instant, timeout, timeout_at};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::Shared;
use super::answer::{self, Refusal};
use super::batch::{Rules, Shape, arrivals, cut};
use super::body::{drain, receive};
use super::gateway::Stamp;
use super::keys::Writer;
use super::query;
use crate::event::{Origin, Seed, Trust};
use crate::runner::base64;
use crate::runner::source::door::{Arrival, Share, Verdict};

/// Whose connection a request came by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Where a route expects the write key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyIn {
    /// The user name of the `Authorization` header
    Header,
    /// `writeKey` in the query: what a beacon can send
    Query,
    /// Either
    Both,
}

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
    let any_method = MethodFilter::POST.or(MethodFilter::PUT).or(MethodFilter::PATCH);
    let mut router = Router::new()
        .route("/", get(health.clone()))
        .route("/health", get(health))
        .route("/version", get(|| std::future::ready(version())))
        .route("/v1/batch", take(MethodFilter::POST, Shape::Batch, KeyIn::Header))
        .route("/v1/import", take(MethodFilter::POST, Shape::Batch, KeyIn::Header))
        .route("/beacon/v1/batch", take(MethodFilter::POST, Shape::Batch, KeyIn::Query))
        .route(
            &shared.settings.path,
            take(any_method, Shape::Any, KeyIn::Both).on(MethodFilter::GET, asked(shared)),
        );
    for (path, kind) in PIXELS {
        let shared = Arc::clone(shared);
        let pixel = move |request: Request| {
            let shared = Arc::clone(&shared);
            async move { pixel(&shared, Shape::Single(kind), request).await }
        };
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
fn told(shared: &Shared, head: &Parts, verdict: Result<Verdict, Refusal>) -> Response {
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

/// A webhook that comes as a GET: its query is the event.
fn asked(
    shared: &Arc<Shared>,
) -> impl Fn(Request) -> BoxFuture<'static, Response> + Clone + Send + Sync + 'static {
    let shared = Arc::clone(shared);
    move |request: Request| {
        let shared = Arc::clone(&shared);
        async move {
            let (head, _) = request.into_parts();
            let verdict = match from_query(&shared, Shape::Any, KeyIn::Both, &head).await {
                Ok((arrivals, room)) => Ok(shared.door.accept(arrivals, room).await),
                Err(refusal) => Err(refusal),
            };
            told(&shared, &head, verdict)
        }
        .boxed()
    }
}

/// An image that tells of somebody: it is answered at once, and with the image, since nobody would send it again.
async fn pixel(shared: &Shared, shape: Shape, request: Request) -> Response {
    let (head, _) = request.into_parts();
    // Correctness: polled once, the events are taken in, and go on when nobody waits for them.
    let refusal = match from_query(shared, shape, KeyIn::Query, &head).await {
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
async fn read(
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

fn writer(shared: &Shared, key_in: KeyIn, head: &Parts) -> Result<Writer, Refusal> {
    let (key, missing) = match key_in {
        KeyIn::Header => (key_in_header(head), Refusal::NoKeyInHeader),
        KeyIn::Query => (key_in_query(&head.uri), Refusal::NoKeyInQuery),
        KeyIn::Both => {
            (key_in_header(head).or_else(|| key_in_query(&head.uri)), Refusal::NoKeyInHeader)
        }
    };
    shared.keys.writer(key.as_deref(), missing, unkeyed(head))
}

/// How far whoever writes is trusted where there are no keys: a program on this machine could as well change the
/// configuration.
// Security: any page that a browser on this machine shows can send here too, and it cannot keep its origin to itself; nor
// is whoever a proxy passes on a user of this machine.
fn unkeyed(head: &Parts) -> Trust {
    // What a page shows an image by says nothing of whose page it is.
    let is_passed_on = head.method == Method::GET
        || head.headers.contains_key(ORIGIN)
        || head.headers.contains_key(FORWARDED)
        || head.headers.contains_key("x-forwarded-for");
    if is_passed_on { Trust::Untrusted } else { Trust::Trusted }
}

/// The user name of HTTP's basic scheme; the password is not looked at, as in RudderStack's gateway.
fn key_in_header(head: &Parts) -> Option<String> {
    let value = head.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(base64::decode(credentials.trim())?).ok()?;
    let (user, _) = text.split_once(':')?;
    Some(user.to_owned())
}

fn key_in_query(uri: &Uri) -> Option<String> {
    let mut members = uri.query()?.split('&').filter_map(|member| member.split_once('='));
    let (_, value) = members.find(|(name, _)| *name == "writeKey")?;
    percent_decode_str(value).decode_utf8().ok().map(String::from)
}
