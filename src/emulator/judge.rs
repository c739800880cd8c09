//! The order in which a request is judged: its key, its size, the script at the gateway, the limits, its route, its
//! idempotency key, and then what the route does; faults stand where what they imitate happens. Sync; runs under the
//! state's lock.

use std::time::Duration;

use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};

use super::answer::{Answer, Refusal};
use super::auth::authorize;
use super::call::{Call, Operation};
use super::idempotency::{Known, Scope, kept_until};
use super::log::LoggedRequest;
use super::script::{Scripted, Stage};
use super::settings::Settings;
use super::state::State;
use super::weather::{Outlook, Permit};
use crate::config::emulator::{Endpoints, Fault, FaultKind};
use crate::courier::Class;

pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_EXPIRATION: HeaderName = HeaderName::from_static("x-idempotency-expiration");

/// Faults of an answer's body.
const SPOILING: [FaultKind; 3] =
    [FaultKind::SlowBody, FaultKind::GarbageBody, FaultKind::WrongContentType];

/// A route's pattern and what it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) pattern: &'static str,
    pub(super) operation: Operation,
    /// The class whose limits count it, and whose faults hit it
    pub(super) class: Option<Endpoints>,
}

impl Route {
    pub(super) fn new(pattern: &'static str, operation: Operation) -> Self {
        Self { pattern, operation, class: Self::class_of(pattern) }
    }

    fn class_of(pattern: &str) -> Option<Endpoints> {
        match pattern.split('/').nth(1)? {
            "profiles" => Some(Endpoints::Of(Class::Profiles)),
            "tenants" => Some(Endpoints::Of(Class::Tenants)),
            "users" => Some(Endpoints::Of(Class::Memberships)),
            "automations" => Some(Endpoints::Of(Class::Automations)),
            "journeys" => Some(Endpoints::Of(Class::Journeys)),
            "inbound" => Some(Endpoints::Of(Class::Inbound)),
            "lists" => Some(Endpoints::Lists),
            "send" => Some(Endpoints::Send),
            "messages" => Some(Endpoints::Messages),
            _ => None,
        }
    }
}

/// How a request is answered.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) answer: Answer,
    /// Whether the answer is an earlier request's.
    pub(super) replayed: bool,
    /// How long the answer waits.
    pub(super) delay: Duration,
    /// The key to keep the answer under, and until when.
    pub(super) keep: Option<(Scope, Duration)>,
    /// What goes wrong.
    pub(super) fault: Option<Fault>,
    /// Whether it was turned away since there was no room.
    pub(super) is_limited: bool,
    /// The room it takes.
    pub(super) permit: Option<Permit>,
}

/// What is known of a request besides its contents.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) settings: &'a Settings,
    pub(super) headers: &'a HeaderMap,
    pub(super) route: Option<Route>,
    pub(super) request: &'a LoggedRequest,
    pub(super) outlook: &'a Outlook,
    pub(super) now: Duration,
}

pub(super) fn judge(
    state: &mut State,
    asked: &Asked<'_>,
    call: Result<Call<'_>, Refusal>,
) -> Verdict {
    let mut permit = None;
    let verdict = judged(state, asked, call, &mut permit);
    let mut verdict = verdict.unwrap_or_else(|refusal: Refusal| Verdict::now(refusal.into(), None));
    verdict.delay = verdict.delay.saturating_add(asked.outlook.latency);
    Verdict { permit, ..verdict }
}

fn judged(
    state: &mut State,
    asked: &Asked<'_>,
    call: Result<Call<'_>, Refusal>,
    permit: &mut Option<Permit>,
) -> Result<Verdict, Refusal> {
    let Asked { settings, headers, route, request, outlook, now } = *asked;
    let fault = outlook.fault.as_ref();
    let hit = |kinds: &[FaultKind]| fault.is_some_and(|fault| kinds.contains(&fault.kind));
    let failed = |answer, keep| Verdict { fault: fault.cloned(), ..Verdict::now(answer, keep) };
    let error = |status| Scripted::error(status).answer();
    if hit(&[FaultKind::Unauthorized]) {
        return Ok(failed(error(StatusCode::UNAUTHORIZED), None));
    }
    authorize(headers, settings.api_key.as_ref())?;
    if hit(&[FaultKind::Forbidden]) {
        return Ok(failed(error(StatusCode::FORBIDDEN), None));
    }
    let call = call?;
    if let Some(scripted) = state.script.take(request, true) {
        return Ok(Verdict::scripted(&scripted, None));
    }
    match state.weather.admit(route.and_then(|route| route.class), now) {
        Ok(room) => *permit = Some(room),
        Err(full) => return Ok(Verdict { is_limited: true, ..Verdict::now(full.into(), None) }),
    }
    if hit(&[FaultKind::ResetBeforeCommit, FaultKind::Error503, FaultKind::Hang]) {
        return Ok(failed(error(StatusCode::SERVICE_UNAVAILABLE), None));
    }
    let route = route.ok_or_else(|| Refusal::not_found("no such route"))?;
    let keep = idempotency(headers, request, now)?;
    let verdict = match keep.map_or(Known::New, |(scope, _)| state.answers.known(scope, now)) {
        Known::Answered(answer) => Verdict { replayed: true, ..Verdict::now(answer, None) },
        Known::Running => {
            return Err(Refusal::conflict(
                "a request with the same Idempotency-Key is still being answered",
            ));
        }
        Known::New if hit(&[FaultKind::Error500]) => {
            return Ok(failed(error(StatusCode::INTERNAL_SERVER_ERROR), keep));
        }
        Known::New => carry_out(state, route, request, call, keep),
    };
    // The others come after the work. What spoils a body has nothing to do where there is none.
    let has_body = !verdict.answer.body.is_empty();
    let happens = |fault: &&Fault| {
        fault.kind != FaultKind::Error500 && (has_body || !SPOILING.contains(&fault.kind))
    };
    let fault = fault.filter(happens).cloned();
    Ok(Verdict { fault, ..verdict })
}

fn carry_out(
    state: &mut State,
    route: Route,
    request: &LoggedRequest,
    mut call: Call<'_>,
    keep: Option<(Scope, Duration)>,
) -> Verdict {
    let scripted = state.script.take(request, false);
    if let Some(scripted) = scripted.as_ref().filter(|scripted| scripted.stage == Stage::Handler) {
        return Verdict::scripted(scripted, keep);
    }
    call.sequence = request.sequence;
    let answer = (route.operation)(state, &mut call).unwrap_or_else(Answer::from);
    match scripted {
        Some(scripted) => Verdict::scripted(&scripted, keep),
        None => Verdict::now(answer, keep),
    }
}

/// The scope of the request's key. Courier honours keys on every POST and on nothing else.
fn idempotency(
    headers: &HeaderMap,
    request: &LoggedRequest,
    now: Duration,
) -> Result<Option<(Scope, Duration)>, Refusal> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY).filter(|_| request.method == Method::POST) else {
        return Ok(None);
    };
    let expiration = headers.get(IDEMPOTENCY_EXPIRATION).map(http::HeaderValue::as_bytes);
    let until = kept_until(expiration, now)?;
    let scope = Scope::new(request.method.as_str(), &request.path, key.as_bytes());
    Ok(Some((scope, until)))
}

impl Verdict {
    fn now(answer: Answer, keep: Option<(Scope, Duration)>) -> Self {
        Self {
            answer,
            replayed: false,
            delay: Duration::ZERO,
            keep,
            fault: None,
            is_limited: false,
            permit: None,
        }
    }

    fn scripted(scripted: &Scripted, keep: Option<(Scope, Duration)>) -> Self {
        Self { delay: scripted.delay, ..Self::now(scripted.answer(), keep) }
    }
}
