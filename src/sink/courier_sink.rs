//! The sink itself: settings, transport and where letters go, ready to run.

use std::fmt;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use futures::stream::{BoxStream, Stream};
use tokio::sync::watch;
use tower::Service;

use super::inspect::{Inspector, Questions, inspector};
use super::reload::Reload;
use super::service::{self, Handle, Worker};
use super::worker::Driver;
use super::{DeadLetters, Record, Settings, StreamSink};
use crate::clock::Clock;
use crate::delivery::{Call, Failure, Gate, HoldReason, Receipt, Shared};
use crate::journal::Journal;
use crate::tap::Tap;
use crate::telemetry::Tally;
use crate::transport::ApiKeys;

/// What can stand innermost: anything that takes a [`Call`] and gives a [`Receipt`] or a [`Failure`].
/// [`transport::Transport`](crate::transport::Transport) is one; so is a `tower::service_fn` or a mock.
pub trait Transport:
    Service<Call, Response = Receipt, Error = Failure, Future: Send> + Clone + Send + 'static
{
}

impl<S> Transport for S where
    S: Service<Call, Response = Receipt, Error = Failure, Future: Send> + Clone + Send + 'static
{
}

/// What a sink needs from whoever runs it.
#[derive(Clone)]
pub struct Context {
    /// Keeps the letters of rejected events
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Counts what happens
    pub tally: Arc<Tally>,
    /// Seeds the jitter of retries
    pub seed: u64,
    /// The time of day, which the ages of events count to
    pub clock: Clock,
}

/// Delivers records to Courier. Run it on a stream ([`StreamSink`]) or split it into a service and its worker
/// ([`CourierSink::pair`]). It spawns nothing; build it where tokio's clock runs.
pub struct CourierSink<S> {
    settings: Settings,
    transport: S,
    dead_letters: Arc<dyn DeadLetters>,
    shared: Shared,
    journal: Option<Journal>,
    tap: Option<Tap>,
    inspector: Inspector,
    questions: Questions,
    reload: Reload,
}

impl<S: Transport> CourierSink<S> {
    /// A sink over `transport`.
    pub fn new(settings: Settings, transport: S, context: Context) -> Self {
        let shared = Shared {
            gate: Arc::new(Gate::new(&settings.delivery)),
            chance: Arc::new(Mutex::new(fastrand::Rng::with_seed(context.seed))),
            tally: context.tally,
            clock: context.clock,
        };
        let (inspector, questions) = inspector();
        let (dead_letters, reload) = (context.dead_letters, Reload::new(&settings.rules));
        let (journal, tap) = (None, None);
        Self {
            settings,
            transport,
            dead_letters,
            shared,
            journal,
            tap,
            inspector,
            questions,
            reload,
        }
    }

    /// The same sink, which notes in `journal` what becomes of each event. By default it does not.
    #[must_use]
    pub fn with_journal(self, journal: Journal) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// The same sink, which shows through `tap` the events that come, what they become and how they end. By default it does
    /// not, and that costs nothing.
    #[must_use]
    pub fn with_tap(self, tap: Tap) -> Self {
        Self { tap: Some(tap), ..self }
    }

    /// Why everything is held, now and as it changes; `None` while it is not.
    pub fn held(&self) -> watch::Receiver<Option<HoldReason>> {
        self.shared.gate.held()
    }

    /// What it shares with all its attempts: whoever exchanges the key tells it to try at once.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.shared.gate)
    }

    /// Asks it how it stands, while it runs.
    pub fn inspector(&self) -> Inspector {
        self.inspector.clone()
    }

    /// Gives it other settings while it runs.
    pub fn reload(&self) -> Reload {
        self.reload.clone()
    }

    /// A sink in two halves: a cloneable tower service, and the worker that must be run for it to get anywhere.
    pub fn pair(settings: Settings, transport: S, context: Context) -> (Handle, Worker<S>) {
        service::pair(Self::new(settings, transport, context))
    }

    /// Runs until `input` has ended and every event that came from it has.
    ///
    /// Dropping the future gives every event that has not ended the status `Errored`.
    pub async fn run_on(self, input: impl Stream<Item = Record> + Send) {
        let Self {
            settings, transport, dead_letters, shared, journal, tap, questions, reload, ..
        } = self;
        let driver = Driver::new(settings, &transport, dead_letters, shared, questions, reload);
        driver.with_journal(journal).with_tap(tap).run(input).await;
    }
}

impl CourierSink<crate::transport::Transport> {
    /// The key it signs attempts with, to be exchanged while it runs.
    pub fn api_keys(&self) -> ApiKeys {
        self.transport.api_keys()
    }

    /// The way to Courier it uses, to be exchanged while it runs.
    pub fn transport(&self) -> crate::transport::Transport {
        self.transport.clone()
    }
}

impl<S: Transport> StreamSink<Record> for CourierSink<S> {
    fn run<'a>(self: Box<Self>, input: BoxStream<'a, Record>) -> BoxFuture<'a, ()>
    where
        Self: 'a,
    {
        Box::pin(self.run_on(input))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("tally", &self.tally).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for CourierSink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CourierSink").field("settings", &self.settings).finish_non_exhaustive()
    }
}
