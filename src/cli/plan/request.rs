//! One request as it would leave, and what it depends on.

use std::sync::Arc;

use http::HeaderValue;

use crate::courier::{
    Action, Body, Endpoint, KeySeed, Request, TenantUpdate, TenantWrite, retention,
};
use crate::delivery::Call;
use crate::plan::{Lane, Step};
use crate::sink::Settings;
use crate::transport::{BaseUrl, encode};

/// A request that is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    /// The position of its step, from 0
    pub(super) step: usize,
    /// The step that must have succeeded before
    pub(super) after: Option<usize>,
    /// Among whose requests it keeps its order
    pub(super) lane: Lane,
    pub(super) endpoint: Endpoint,
    pub(super) method: &'static str,
    /// Path and query, as on the wire
    pub(super) path: String,
    pub(super) key: Option<String>,
    /// For how long Courier is asked to remember the key, in seconds, if longer than it does anyway
    pub(super) key_kept_secs: Option<u64>,
    pub(super) body: Option<Body>,
    pub(super) condition: Condition,
}

/// Whether it depends on what Courier answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// It does not
    None,
    /// It is shown as for a tenant that does not exist; what exists is merged into
    MergedIntoGet,
    /// It is only sent where the tenant does not exist
    OnlyIfAbsent,
}

impl Condition {
    /// What to say of it.
    pub(super) const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::MergedIntoGet => {
                Some("shown for a new tenant: what the GET answers is merged into it")
            }
            Self::OnlyIfAbsent => Some("only if the GET finds no tenant"),
        }
    }
}

/// The requests of one step, or why one of them cannot be sent.
pub(super) fn requests(
    position: usize,
    step: Step,
    settings: &Settings,
    base: &BaseUrl,
) -> Result<Vec<Planned>, String> {
    let Step { lane, after, action, seed } = step;
    let list = match action {
        Action::Request(request) => vec![(request, Condition::None)],
        Action::UpdateTenant { tenant, update } => {
            let body = update.create().map_err(|error| error.to_string())?;
            let read = Request::GetTenant { tenant: tenant.clone() };
            let write = Request::PutTenant { tenant, body };
            vec![(read, Condition::None), (write, condition(&update))]
        }
    };
    let plan = |(request, condition)| {
        planned(request, &seed, settings, base).map(|planned| Planned {
            step: position,
            after,
            lane: lane.clone(),
            condition,
            ..planned
        })
    };
    list.into_iter().map(plan).collect()
}

const fn condition(update: &TenantUpdate) -> Condition {
    match update.write {
        TenantWrite::Merge => Condition::MergedIntoGet,
        TenantWrite::CreateOnly => Condition::OnlyIfAbsent,
    }
}

fn planned(
    request: Request,
    seed: &KeySeed,
    settings: &Settings,
    base: &BaseUrl,
) -> Result<Planned, String> {
    let call = Call::new(request, Some(seed.clone()));
    let unsigned = HeaderValue::from_static("Bearer");
    let encoded = encode(&call, base, unsigned).map_err(|failure| failure.to_string())?;
    let key = encoded.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.map(str::to_owned);
    let kept = retention(settings.delivery.key_horizon()).filter(|_| key.is_some());
    let request = Arc::clone(&call.request);
    Ok(Planned {
        step: 0,
        after: None,
        lane: Lane::None,
        endpoint: request.endpoint(),
        method: request.method().as_str(),
        path: encoded.uri().path_and_query().map_or_else(String::new, ToString::to_string),
        key,
        key_kept_secs: kept.map(|kept| kept.as_secs()),
        body: request.body(),
        condition: Condition::None,
    })
}
