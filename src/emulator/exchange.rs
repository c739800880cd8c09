//! The way of one request: read, logged, judged, answered. Everything between arrival and answer
//! happens in one short hold of the lock; only a delay or a fault waits, without it.

use std::borrow::Cow;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, StatusCode};

use super::answer::{Answer, Refusal};
use super::body::receive;
use super::call::{Call, Content};
use super::courier::Courier;
use super::ending::{self, Ending};
use super::idempotency::Scope;
use super::judge::{Asked, IDEMPOTENCY_KEY, Route, Verdict, judge};
use super::log::{Entry, LoggedRequest};
use super::observer::Exchange;
use super::path;
use super::settings::Settings;
use super::weather::Permit;
use crate::config::emulator::Endpoints;
use crate::courier::Class;

/// How long a request hangs before its connection is reset: longer than any client is patient.
const HANG: Duration = Duration::from_secs(600);

/// Answers one request. Dropping the future undoes nothing that was done.
pub(super) async fn exchange(courier: Courier, route: Option<Route>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = receive(body).await;
    let Admitted { answer, ending, pending, observed } = admit(&courier, route, &head, body);
    if let (Some(observer), Some(request)) = (courier.observer(), observed) {
        let (status, headers) = (answer.status, answer.headers.clone());
        observer(&Exchange { request, status, headers, body: answer.body.clone() });
    }
    if let Some(pending) = &pending
        && !pending.delay.is_zero()
    {
        // Correctness: the timer wakes us; dropped here, `Pending` settles the key and the room.
        tokio::time::sleep(pending.delay).await;
    }
    if ending == Ending::Hang {
        // Correctness: as above.
        tokio::time::sleep(HANG).await;
    }
    if matches!(ending, Ending::Hang | Ending::Reset) {
        drop(pending);
        return ending::reset();
    }
    if let Some(pending) = pending {
        pending.answered();
    }
    ending.of(answer)
}

/// A request that was judged.
struct Admitted {
    answer: Answer,
    ending: Ending,
    /// What is left when the answer has to wait.
    pending: Option<Pending>,
    /// The request, where somebody observes.
    observed: Option<LoggedRequest>,
}

/// Does what the request asks for, and says how its answer ends.
fn admit(
    courier: &Courier,
    route: Option<Route>,
    head: &Parts,
    body: Result<Bytes, Refusal>,
) -> Admitted {
    let settings = courier.settings();
    let now = settings.clock.now().since_epoch();
    let body = body.map(|body| courier.bodies().keep(&head.method, &body));
    let mut request = logged(head, route, body.as_ref().ok(), now);
    // The body is parsed before the lock is taken, since that is most of the work; only an event that starts something is
    // read to its end under it.
    let body = body.as_ref().map_err(Clone::clone);
    let call = body.and_then(|body| call(settings, route, head, body, now));
    let told = call.as_ref().ok().and_then(|call| call.content.told());

    let mut state = courier.state();
    request.sequence = state.log.next();
    let outlook = state.weather.outlook(route.and_then(|route| route.class), now);
    let asked = Asked {
        settings,
        headers: &head.headers,
        route,
        request: &request,
        outlook: &outlook,
        now,
    };
    let verdict = judge(&mut state, &asked, call);
    let Verdict { answer, replayed, delay, keep, fault, is_limited, permit } = verdict;
    let status = answer.status;
    let (sequence, route) = (request.sequence, request.route);
    request.replayed = replayed;
    request.fault = fault.as_ref().map(|fault| fault.kind.as_str());
    if is_limited {
        request.fault = Some("limit");
    }
    let observed = courier.observer().map(|_| request.clone());
    let ending = Ending::new(fault.as_ref(), outlook.noise);
    if delay.is_zero() && !matches!(ending, Ending::Hang | Ending::Reset) {
        if let Some((scope, until)) = keep {
            state.answers.finish(scope, Some(answer.clone()), until);
        }
        if let Some(permit) = permit {
            state.weather.release(permit);
        }
        state.counts.answered(&head.method, route, status, replayed);
        request.status = Some(status);
        state.log.arrived(Entry { request, told });
        return Admitted { answer, ending, pending: None, observed };
    }
    if let Some((scope, _)) = keep {
        state.answers.begin(scope);
    }
    state.log.arrived(Entry { request, told });
    let keep = keep.map(|(scope, until)| (scope, until, answer.clone()));
    let courier = courier.clone();
    let method = head.method.clone();
    let pending = Pending { courier, sequence, method, route, status, delay, keep, permit };
    Admitted { answer, ending, pending: Some(pending), observed }
}

/// A request whose answer waits. Dropped, it keeps the answer for the key's replay: what was done
/// stays done, whoever has stopped listening.
struct Pending {
    courier: Courier,
    sequence: u64,
    method: Method,
    route: Option<&'static str>,
    status: StatusCode,
    delay: Duration,
    keep: Option<(Scope, Duration, Answer)>,
    permit: Option<Permit>,
}

impl Pending {
    fn answered(self) {
        let mut state = self.courier.state();
        state.log.answered(self.sequence, self.status);
        state.counts.answered(&self.method, self.route, self.status, false);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut state = self.courier.state();
        if let Some((scope, until, answer)) = self.keep.take() {
            state.answers.finish(scope, Some(answer), until);
        }
        if let Some(permit) = self.permit.take() {
            state.weather.release(permit);
        }
    }
}

fn logged(head: &Parts, route: Option<Route>, body: Option<&Bytes>, at: Duration) -> LoggedRequest {
    let header = |name: HeaderName| {
        head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    };
    let path = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
    LoggedRequest {
        sequence: 0,
        at,
        method: head.method.clone(),
        path: known(path, route.map(|route| route.pattern)),
        route: route.map(|route| route.pattern),
        idempotency_key: header(IDEMPOTENCY_KEY).map(Cow::into_owned),
        content_type: header(CONTENT_TYPE).map(|given| known(&given, Some("application/json"))),
        body: body.cloned().unwrap_or_default(),
        status: None,
        replayed: false,
        fault: None,
    }
}

/// A text, without memory of its own where it is what it mostly is.
fn known(text: &str, expected: Option<&'static str>) -> Cow<'static, str> {
    match expected {
        Some(expected) if expected == text => Cow::Borrowed(expected),
        Some(_) | None => Cow::Owned(text.to_owned()),
    }
}

fn call<'a>(
    settings: &Settings,
    route: Option<Route>,
    head: &'a Parts,
    body: &'a Bytes,
    now: Duration,
) -> Result<Call<'a>, Refusal> {
    let path = head.uri.path();
    let content = match route.and_then(|route| route.class) {
        Some(Endpoints::Of(Class::Inbound)) => Content::event(body),
        _ => Content::json(body),
    };
    Ok(Call {
        captures: route
            .map_or_else(|| Ok(Vec::new()), |route| path::captures(route.pattern, path))?,
        query: path::query(head.uri.query().unwrap_or_default())?,
        path,
        content,
        body,
        sequence: 0,
        now,
        merge: settings.merge,
        unknown_profile: settings.unknown_profile,
    })
}
