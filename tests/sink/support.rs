//! Records, a server in memory that notes what it is asked, and somebody to tell.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::clock::Clock;
use courier_sink::courier::{Class, Generation, Request};
use courier_sink::delivery::{
    Answer, Call, Concurrency, Failure, FailureKind, Jitter, Outcome, Receipt,
};
use courier_sink::finalization::{EventFinalizer, EventStatus};
use courier_sink::sink::{
    Context, CourierSink, DeadLetter, DeadLetterError, DeadLetters, KeepFuture, Record, Settings,
    Transport,
};
use courier_sink::telemetry::Tally;
use futures::Stream;
use futures::stream;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) type Answered = Result<Receipt, Failure>;

/// No batching to wait for, no jitter; everything else as it is by default.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new("test");
    settings.batch.max_events = NonZeroUsize::new(1);
    settings.delivery.retry.jitter = Jitter::None;
    settings.delivery.concurrency = Concurrency::Fixed(NonZeroUsize::new(20).unwrap());
    settings
}

/// One attempt at each request.
pub(crate) fn no_retries() -> Settings {
    let mut settings = settings();
    settings.delivery.retry.attempts = 0;
    settings
}

#[expect(clippy::unnecessary_wraps, reason = "it stands among answers that are failures")]
pub(crate) fn ok() -> Answered {
    Ok(receipt(Outcome::Accepted))
}

pub(crate) fn receipt(outcome: Outcome) -> Receipt {
    Receipt { status: 202, outcome, body: Bytes::from_static(b"{}") }
}

pub(crate) fn failed(kind: FailureKind, status: u16) -> Answered {
    Err(Failure {
        kind,
        retry_after: None,
        answer: Some(Answer { status, excerpt: "{\"message\":\"no\"}".to_owned(), stored: true }),
        detail: "said the server".to_owned(),
        generation: Generation::default(),
    })
}

pub(crate) fn refused() -> Answered {
    failed(FailureKind::Refused, 400)
}

pub(crate) fn unavailable() -> Answered {
    failed(FailureKind::Unavailable, 503)
}

/// Whose work a request is, as far as order is concerned.
pub(crate) fn lane(request: &Request) -> String {
    let body = request.body().map(|body| body.to_bytes()).unwrap_or_default();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let user = || {
        let after = |name: &str| Some(body.split_once(name)?.1.split('"').next()?.to_owned());
        let found = after("\"userId\":\"").or_else(|| after("\"recipient\":\""));
        found.unwrap_or_default()
    };
    match request {
        Request::PostProfile { user, .. } | Request::PutMembership { user, .. } => {
            format!("user {}", user.encoded())
        }
        Request::GetTenant { tenant } | Request::PutTenant { tenant, .. } => {
            format!("tenant {}", tenant.encoded())
        }
        Request::InvokeAdHoc { .. }
        | Request::InvokeAutomation { .. }
        | Request::InvokeJourney { .. }
        | Request::InboundCourier { .. }
        | Request::InboundRudderStack { .. }
        | Request::ListTenants => format!("user {}", user()),
    }
}

/// What a server was asked.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// In which millisecond, in which lane, which request
    pub(crate) asked: Vec<(u128, String, String)>,
    pub(crate) under_way: HashMap<String, usize>,
    under_way_in_all: usize,
    /// The most at once, in all and in one lane
    pub(crate) most: usize,
    pub(crate) most_in_lane: usize,
}

/// A server's notes.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Seen>>);

impl Notes {
    /// Milliseconds and requests.
    pub(crate) fn asked(&self) -> Vec<String> {
        let seen = self.0.lock().unwrap();
        let told = |(at, _, path): &(u128, _, String)| format!("{at} {path}");
        seen.asked.iter().map(told).collect()
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Seen) -> T) -> T {
        read(&self.0.lock().unwrap())
    }

    fn begin(&self, at: u128, request: &Request) -> UnderWay {
        let lane = lane(request);
        let path = format!("{} {}", request.method().as_str(), request.path());
        let mut seen = self.0.lock().unwrap();
        seen.asked.push((at, lane.clone(), path));
        *seen.under_way.entry(lane.clone()).or_default() += 1;
        seen.under_way_in_all += 1;
        seen.most = seen.most.max(seen.under_way_in_all);
        seen.most_in_lane = seen.most_in_lane.max(seen.under_way[&lane]);
        drop(seen);
        UnderWay(self.clone(), lane)
    }
}

struct UnderWay(Notes, String);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut seen = self.0.0.lock().unwrap();
        seen.under_way_in_all -= 1;
        *seen.under_way.get_mut(&self.1).unwrap() -= 1;
    }
}

/// A server that decides on each call when it is asked: how long it takes, and what it answers.
pub(crate) fn server(
    answer: impl Fn(&Call) -> (Duration, Answered) + Send + Sync + 'static,
) -> (impl Transport, Notes) {
    let (notes, start, answer) = (Notes::default(), Instant::now(), Arc::new(answer));
    let kept = notes.clone();
    let service = tower::service_fn(move |call: Call| {
        let under_way = notes.begin(start.elapsed().as_millis(), &call.request);
        let (latency, answer) = answer(&call);
        async move {
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            drop(under_way);
            answer
        }
    });
    (service, kept)
}

/// A server that answers at once, in turn, and then accepts everything.
pub(crate) fn in_turn(answers: Vec<Answered>) -> (impl Transport, Notes) {
    let answers = Mutex::new(answers.into_iter());
    server(move |_| {
        let answer = answers.lock().unwrap().next();
        (Duration::ZERO, answer.unwrap_or_else(ok))
    })
}

/// A server that answers requests of one class with `answer` and accepts all others.
pub(crate) fn to_class(class: Class, answer: Answered) -> (impl Transport, Notes) {
    server(move |call| {
        let is_meant = call.request.class() == class;
        (Duration::ZERO, if is_meant { answer.clone() } else { ok() })
    })
}

pub(crate) const NEVER: Duration = Duration::from_secs(1_000_000_000);

/// Who is told: each record's number and its status, in the order of the ends.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<(usize, EventStatus)>>>);

impl Told {
    pub(crate) fn records<S: Into<String>>(
        &self,
        bytes: impl IntoIterator<Item = S>,
    ) -> Vec<Record> {
        let numbered = bytes.into_iter().enumerate();
        numbered.map(|(number, bytes)| self.record(number, bytes)).collect()
    }

    pub(crate) fn record(&self, number: usize, bytes: impl Into<String>) -> Record {
        let told = Arc::clone(&self.0);
        let finalizer = EventFinalizer::new(move |status: EventStatus| {
            told.lock().unwrap().push((number, status));
        });
        let chance = u128::try_from(number).unwrap();
        Record::new(bytes.into(), chance).with_finalizer(finalizer)
    }

    pub(crate) fn in_order_of_ends(&self) -> Vec<(usize, EventStatus)> {
        self.0.lock().unwrap().clone()
    }

    /// The statuses in the order of the records.
    pub(crate) fn statuses(&self) -> Vec<EventStatus> {
        let mut told = self.in_order_of_ends();
        told.sort_unstable();
        told.into_iter().map(|(_, status)| status).collect()
    }
}

/// Dead letters, if they can be kept.
#[derive(Clone, Default)]
pub(crate) struct Letters {
    pub(crate) kept: Arc<Mutex<Vec<DeadLetter>>>,
    pub(crate) is_full: bool,
}

impl DeadLetters for Letters {
    fn keep(&self, letter: DeadLetter) -> KeepFuture {
        let Self { kept, is_full } = self.clone();
        Box::pin(async move {
            if !is_full {
                kept.lock().unwrap().push(letter);
            }
            tokio::task::yield_now().await;
            if is_full { Err(DeadLetterError("no space left".to_owned())) } else { Ok(()) }
        })
    }
}

pub(crate) fn context(letters: &Letters) -> Context {
    let (dead_letters, tally) = (Arc::new(letters.clone()), Arc::new(Tally::default()));
    Context { dead_letters, tally, seed: 1, clock: clock() }
}

/// It is 2026-11-23T10:00:00Z, and the time goes on with the paused clock.
pub(crate) fn clock() -> Clock {
    let start = Instant::now();
    Clock::from_fn(move || Duration::from_secs(1_795_428_000) + start.elapsed())
}

pub(crate) fn sink<S: Transport>(settings: Settings, transport: S) -> CourierSink<S> {
    CourierSink::new(settings, transport, context(&Letters::default()))
}

/// Runs the sink over `records` until all have ended.
pub(crate) async fn run<S, B>(
    settings: Settings,
    transport: S,
    records: impl IntoIterator<Item = B>,
) -> Told
where
    S: Transport,
    B: Into<String>,
{
    let told = Told::default();
    let records = told.records(records);
    sink(settings, transport).run_on(stream::iter(records)).await;
    told
}

/// A stream that the test feeds.
pub(crate) fn channel() -> (mpsc::Sender<Record>, impl Stream<Item = Record> + Send) {
    let (sender, mut receiver) = mpsc::channel(10_000);
    (sender, stream::poll_fn(move |cx| receiver.poll_recv(cx)))
}

/// Lets a paused clock go on by so much, and everybody work until they wait again.
pub(crate) async fn pass(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
