//! The order in which a request is judged: its key, its size, the script at the gateway, its
//! route, its idempotency key, and then what the route does. Sync; runs under the state's lock.

use std::time::Duration;

use http::header::HeaderName;
use http::{HeaderMap, Method};

use super::answer::{Answer, Refusal};
use super::auth::authorize;
use super::call::{Call, Operation};
use super::idempotency::{Known, Scope, kept_until};
use super::log::LoggedRequest;
use super::script::{Scripted, Stage};
use super::settings::Settings;
use super::state::State;

pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_EXPIRATION: HeaderName = HeaderName::from_static("x-idempotency-expiration");

/// A route's pattern and what it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) pattern: &'static str,
    pub(super) operation: Operation,
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
}

pub(super) fn judge(
    state: &mut State,
    settings: &Settings,
    headers: &HeaderMap,
    route: Option<Route>,
    request: &LoggedRequest,
    call: Result<Call, Refusal>,
    now: Duration,
) -> Verdict {
    let verdict = || {
        authorize(headers, settings.api_key.as_ref())?;
        let call = call?;
        if let Some(scripted) = state.script.take(request, true) {
            return Ok(Verdict::scripted(&scripted, None));
        }
        let route = route.ok_or_else(|| Refusal::not_found("no such route"))?;
        let keep = idempotency(headers, request, now)?;
        match keep.map_or(Known::New, |(scope, _)| state.answers.known(scope, now)) {
            Known::Answered(answer) => Ok(Verdict { replayed: true, ..Verdict::now(answer, None) }),
            Known::Running => Err(Refusal::conflict(
                "a request with the same Idempotency-Key is still being answered",
            )),
            Known::New => Ok(carry_out(state, route, request, call, keep)),
        }
    };
    verdict().unwrap_or_else(|refusal: Refusal| Verdict::now(refusal.into(), None))
}

fn carry_out(
    state: &mut State,
    route: Route,
    request: &LoggedRequest,
    mut call: Call,
    keep: Option<(Scope, Duration)>,
) -> Verdict {
    let scripted = state.script.take(request, false);
    if let Some(scripted) = scripted.as_ref().filter(|scripted| scripted.stage == Stage::Handler) {
        return Verdict::scripted(scripted, keep);
    }
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
        Self { answer, replayed: false, delay: Duration::ZERO, keep }
    }

    fn scripted(scripted: &Scripted, keep: Option<(Scope, Duration)>) -> Self {
        Self { delay: scripted.delay, ..Self::now(scripted.answer(), keep) }
    }
}
