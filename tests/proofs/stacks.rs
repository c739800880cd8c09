//! Two stacks over the same transport: limits outside the retry, built of tower's own layers as tower-based sinks do,
//! and this crate's.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::clock::Clock;
use courier_sink::courier::{Action, Body, Class, Generation, KeySeed, Request, UserId};
use courier_sink::delivery::{
    Call, Concurrency, Failure, FailureKind, Gate, Jitter, Outcome, Rate, Receipt, Retry,
    RetryStrategy, Settings, Shared, Work, for_first_tries, stack,
};
use courier_sink::sink::Transport;
use courier_sink::telemetry::Tally;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};
use tower::limit::{ConcurrencyLimitLayer, RateLimitLayer};
use tower::retry::{Policy, RetryLayer};
use tower::{Service, ServiceBuilder, ServiceExt};

/// What both stacks are set to.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Attempts in a second
    pub(crate) rate: u32,
    /// Attempts at once
    pub(crate) permits: usize,
    /// Attempts at one request
    pub(crate) attempts: usize,
    /// The wait before each of them but the first
    pub(crate) backoff: Duration,
}

/// Which stack.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Concurrency, rate, retry
    LimitsOutside,
    /// Retry, then rate and concurrency together
    LimitsInside,
}

/// When attempts began and requests ended, since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) began: Vec<Duration>,
    /// By the number of the user
    pub(crate) ended: Vec<(usize, Duration)>,
}

/// Sends one profile write for each of `users` through a stack of this `order`. Of each user the first `failing`
/// attempts that `fails` gives are answered 503, all others 200, each after `latency`.
pub(crate) async fn send(
    order: Order,
    limits: Limits,
    users: usize,
    latency: Duration,
    failing: fn(usize) -> usize,
) -> Seen {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let start = Instant::now();
    let transport = transport(Arc::clone(&seen), start, users, latency, failing);
    match order {
        Order::LimitsOutside => {
            let service = ServiceBuilder::new()
                .layer(ConcurrencyLimitLayer::new(limits.permits))
                .layer(RateLimitLayer::new(limits.rate.into(), Duration::from_secs(1)))
                .layer(RetryLayer::new(Attempts { left: limits.attempts, wait: limits.backoff }))
                .service(transport);
            let calls = (0..users).map(|user| Call::new(request(user), None));
            drive(service, calls, |_| {}, &seen, start).await;
        }
        Order::LimitsInside => {
            let settings = settings(limits);
            let shared = Shared {
                gate: Arc::new(Gate::new(&settings)),
                chance: Arc::new(Mutex::new(fastrand::Rng::with_seed(1))),
                tally: Arc::new(Tally::default()),
                clock: Clock::system(),
            };
            let service = stack(Class::Profiles, &shared, transport);
            drive(service, (0..users).map(work), for_first_tries, &seen, start).await;
        }
    }
    seen.lock().unwrap().clone()
}

fn settings(limits: Limits) -> Settings {
    let rate = Rate::new(NonZeroU32::new(limits.rate).unwrap(), Duration::from_secs(1));
    Settings {
        concurrency: Concurrency::Fixed(NonZeroUsize::new(limits.permits).unwrap()),
        rate: Some(rate),
        retry: Retry {
            strategy: RetryStrategy::default(),
            attempts: limits.attempts - 1,
            initial_backoff: limits.backoff,
            max_backoff: limits.backoff,
            jitter: Jitter::None,
        },
        ..Settings::default()
    }
}

fn request(user: usize) -> Request {
    let user = UserId::new(&user.to_string()).unwrap();
    Request::PostProfile { user, body: Body::new(r#"{"profile":{}}"#.to_owned()).unwrap() }
}

fn work(user: usize) -> Work {
    let seed = KeySeed { sink: "test".into(), message_id: user.to_string().into(), step: 0 };
    Work {
        action: Action::Request(request(user)),
        seed,
        generation: Generation::default(),
        key_expires: None,
        expiry: None,
        trail: None,
    }
}

/// Hands over one request after the other, as the stack is ready for them, and waits for all their ends.
async fn drive<S, R>(
    mut service: S,
    requests: impl Iterator<Item = R>,
    prepare: fn(&mut S),
    seen: &Arc<Mutex<Seen>>,
    start: Instant,
) where
    S: Service<R, Response = Receipt, Error = Failure, Future: Send + 'static>,
{
    let mut calls = JoinSet::new();
    for (user, request) in requests.enumerate() {
        prepare(&mut service);
        let call = service.ready().await.unwrap().call(request);
        let seen = Arc::clone(seen);
        calls.spawn(async move {
            // How it ended is not the question.
            let _ = call.await;
            seen.lock().unwrap().ended.push((user, start.elapsed()));
        });
    }
    calls.join_all().await;
}

fn transport(
    seen: Arc<Mutex<Seen>>,
    start: Instant,
    users: usize,
    latency: Duration,
    failing: fn(usize) -> usize,
) -> impl Transport {
    let failures: Vec<usize> = (0..users).map(failing).collect();
    let left = Arc::new(Mutex::new(failures));
    tower::service_fn(move |call: Call| {
        seen.lock().unwrap().began.push(start.elapsed());
        let user: usize = call.request.path().rsplit('/').next().unwrap().parse().unwrap();
        let mut left = left.lock().unwrap();
        let fails = left[user] > 0;
        left[user] = left[user].saturating_sub(1);
        async move {
            tokio::time::sleep(latency).await;
            if fails {
                return Err(Failure::without_answer(FailureKind::Unavailable, "not now"));
            }
            Ok(Receipt { status: 200, outcome: Outcome::Accepted, body: Bytes::new() })
        }
    })
}

/// tower's retry with the waits of ours.
#[derive(Clone)]
struct Attempts {
    left: usize,
    wait: Duration,
}

impl Policy<Call, Receipt, Failure> for Attempts {
    type Future = Sleep;

    fn retry(&mut self, _: &mut Call, result: &mut Result<Receipt, Failure>) -> Option<Sleep> {
        self.left -= 1;
        (result.is_err() && self.left > 0).then(|| tokio::time::sleep(self.wait))
    }

    fn clone_request(&mut self, call: &Call) -> Option<Call> {
        Some(call.clone())
    }
}
