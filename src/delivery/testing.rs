//! What the tests of the layers share: calls, answers, and a mock whose errors are failures.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tower::BoxError;
use tower::util::{MapErr, ServiceExt};
use tower_test::mock::{self, Mock};

use super::{
    Answer, Call, Concurrency, Failure, FailureKind, Gate, Jitter, Outcome, Rate, Receipt, Retry,
    Settings, Shared,
};
use crate::clock::Clock;
use crate::courier::{Body, Class, Generation, KeySeed, Request, TemplateId, TenantId, UserId};
use crate::telemetry::Tally;

/// A transport that the test answers for.
pub(super) type Server = MapErr<Mock<Call, Receipt>, fn(BoxError) -> Failure>;
/// The test's end of it.
pub(super) type Requests = mock::Handle<Call, Receipt>;

pub(super) fn server() -> (Server, Requests) {
    let (server, requests) = mock::pair();
    let failure: fn(BoxError) -> Failure = |error| *error.downcast::<Failure>().unwrap();
    (server.map_err(failure), requests)
}

pub(super) fn settings() -> Settings {
    let concurrency = Concurrency::Fixed(NonZeroUsize::new(20).unwrap());
    let retry = Retry { jitter: Jitter::None, ..Retry::default() };
    Settings { concurrency, retry, ..Settings::default() }
}

pub(super) fn at_once(concurrency: usize) -> Settings {
    Settings {
        concurrency: Concurrency::Fixed(NonZeroUsize::new(concurrency).unwrap()),
        ..settings()
    }
}

/// `limit` per ten seconds, one at a time.
pub(super) fn rate(limit: u32) -> Rate {
    Rate { limit: NonZeroU32::new(limit).unwrap(), per: seconds(10), burst: NonZeroU32::MIN }
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes them for this")]
pub(super) fn shared(settings: Settings) -> Shared {
    Shared {
        gate: Arc::new(Gate::new(&settings)),
        chance: Arc::new(Mutex::new(fastrand::Rng::with_seed(1))),
        tally: Arc::new(Tally::default()),
        clock: Clock::from_fn(|| seconds(1_000_000)),
    }
}

/// A call of `class`; of those that want a key, with one.
pub(super) fn call(class: Class) -> Call {
    Call::new(request(class), Some(seed()))
}

pub(super) fn seed() -> KeySeed {
    KeySeed { sink: "sink".into(), message_id: "m1".into(), step: 0 }
}

pub(super) fn request(class: Class) -> Request {
    let user = UserId::new("u").unwrap();
    let tenant = TenantId::new("t").unwrap();
    let template = TemplateId::new("a").unwrap();
    let body = Body::empty_object();
    match class {
        Class::Profiles => Request::PostProfile { user, body },
        Class::Tenants => Request::PutTenant { tenant, body },
        Class::Memberships => Request::PutMembership { user, tenant },
        Class::Automations => Request::InvokeAutomation { template, body },
        Class::Journeys => Request::InvokeJourney { journey: template, body },
        Class::Inbound => Request::InboundCourier { body },
    }
}

pub(super) fn accepted() -> Receipt {
    found(Outcome::Accepted, "")
}

pub(super) fn found(outcome: Outcome, body: &'static str) -> Receipt {
    Receipt { status: 200, outcome, body: Bytes::from_static(body.as_bytes()) }
}

pub(super) fn silence() -> Failure {
    Failure::without_answer(FailureKind::Network, "connection reset")
}

pub(super) fn answered(kind: FailureKind, status: u16, stored: bool) -> Failure {
    Failure {
        answer: Some(Answer { status, excerpt: "{}".to_owned(), stored }),
        ..Failure::without_answer(kind, "")
    }
}

/// The failure of an attempt whose key had another generation than the first.
pub(super) fn of_generation(generation: u32, failure: Failure) -> Failure {
    Failure { generation: Generation(generation), ..failure }
}

pub(super) fn unavailable() -> Failure {
    answered(FailureKind::Unavailable, 503, true)
}

pub(super) fn unauthorized() -> Failure {
    answered(FailureKind::Unauthorized, 401, true)
}

pub(super) fn throttled(retry_after: Option<u64>) -> Failure {
    Failure { retry_after: retry_after.map(seconds), ..answered(FailureKind::Throttled, 429, true) }
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Answers one request after the other, each at once; gives what was asked, and in which second from now.
pub(super) async fn serve(
    requests: &mut Requests,
    answers: impl IntoIterator<Item = Result<Receipt, Failure>>,
) -> Vec<(u64, Call)> {
    let start = Instant::now();
    let mut served = Vec::new();
    for answer in answers {
        let (call, respond) = requests.next_request().await.unwrap();
        served.push((start.elapsed().as_secs(), call));
        match answer {
            Ok(receipt) => respond.send_response(receipt),
            Err(failure) => respond.send_error(failure),
        }
    }
    served
}
