//! The sinks of a run: built, given their records, run beside each other.
//!
//! In: what is configured, and the records of the sources. Out: what each of them did. Each has its own dead letters, its
//! own pace and its own hold; none knows of another.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{Instrument, Span};

use crate::clock::Clock;
use crate::config::{self, CourierConfig};
use crate::runner::active::Active;
use crate::runner::check::Places;
use crate::runner::key_file::KeyFile;
use crate::runner::{RunError, dead_letters};
use crate::sink::{self, CourierSink, Healthcheck, Record, SinkConfig};
use crate::telemetry::{Tally, Totals};
use crate::transport::Transport;

/// One sink that is ready to run.
pub(super) struct Sink {
    name: String,
    span: Span,
    inputs: Vec<String>,
    courier: CourierConfig,
    built: CourierSink<Transport>,
    tally: Arc<Tally>,
    health: Healthcheck,
    key_file: Option<KeyFile>,
    letters: dead_letters::Writer,
    records: Vec<BoxStream<'static, Record>>,
}

/// All sinks, running.
pub(super) struct Sinks {
    active: Active,
    tallies: BTreeMap<String, Arc<Tally>>,
    running: JoinSet<()>,
    /// What looks after them, and never ends by itself
    beside: JoinSet<()>,
    letters: JoinSet<()>,
}

impl Sink {
    /// Builds a sink. Blocks on the disk.
    pub(super) fn build(
        name: String,
        configured: config::Sink,
        places: &Places,
        clock: Clock,
        seed: u64,
    ) -> Result<Self, RunError> {
        let config::Sink { inputs, courier, .. } = configured;
        let letters = places.dead_letters(&name, courier.dead_letter.path.as_deref());
        let (keeper, letters) = dead_letters::open(&letters, clock.clone())?;
        let tally = Arc::new(Tally::default());
        let settings = courier.validate().unwrap_or_else(|never| match never {});
        let dead_letters = Arc::new(keeper);
        let context = sink::Context { dead_letters, tally: Arc::clone(&tally), seed, clock };
        let key_file = KeyFile::new(&courier.api_key);
        let (built, health) = courier.build(settings, context)?;
        // At the level of the worst, so that whatever is logged says whose it is.
        let span = tracing::error_span!("sink", name);
        let records = Vec::new();
        Ok(Self { name, span, inputs, courier, built, tally, health, key_file, letters, records })
    }

    /// Whether it reads the source called `source`.
    pub(super) fn reads(&self, source: &str) -> bool {
        self.inputs.iter().any(|input| input == source)
    }

    /// Whether its sources wait for how its events ended.
    pub(super) const fn acknowledges(&self) -> bool {
        self.courier.acknowledgements
    }

    /// Gives it records of a source.
    pub(super) fn add(&mut self, records: BoxStream<'static, Record>) {
        self.records.push(records);
    }

    /// The records of all its sources; of a single one they come as they are.
    fn records(streams: Vec<BoxStream<'static, Record>>) -> BoxStream<'static, Record> {
        match <[_; 1]>::try_from(streams) {
            Ok([only]) => only,
            Err(streams) => Box::pin(stream::select_all(streams)),
        }
    }
}

impl Sinks {
    /// Starts all of `sinks`.
    pub(super) fn start(sinks: Vec<Sink>) -> Self {
        let mut own = Self {
            active: Active::new(sinks.len()),
            tallies: BTreeMap::new(),
            running: JoinSet::new(),
            beside: JoinSet::new(),
            letters: JoinSet::new(),
        };
        for sink in sinks {
            own.start_one(sink);
        }
        own
    }

    fn start_one(&mut self, sink: Sink) {
        let Sink { name, span, courier, built, tally, health, key_file, letters, records, .. } =
            sink;
        self.tallies.insert(name, tally);
        if courier.healthcheck.enabled {
            self.beside.spawn(report_health(health).instrument(span.clone()));
        }
        if let Some(key_file) = key_file {
            let follow = key_file.follow(built.api_keys(), built.gate());
            self.beside.spawn(follow.instrument(span.clone()));
        }
        self.letters.spawn(letters.run().instrument(span.clone()));
        let run = self.active.clone().run(built, Sink::records(records));
        self.running.spawn(Box::pin(run.instrument(span)));
    }

    /// How many are neither held nor done.
    pub(super) fn active(&self) -> watch::Receiver<usize> {
        self.active.watch()
    }

    /// Resolves when all are done. Dropping the future lets them go on.
    pub(super) async fn done(&mut self) {
        while let Some(ended) = self.running.join_next().await {
            if let Err(error) = ended
                && let Ok(panic) = error.try_into_panic()
            {
                // It was printed; no promise is kept without the sink.
                std::panic::resume_unwind(panic);
            }
        }
    }

    /// Ends those that are not done, whose events go back to their sources.
    pub(super) async fn stop(&mut self) {
        self.running.shutdown().await;
    }

    /// Waits until everything they left is kept, and tells what each of them did. To be called when all have ended.
    pub(super) async fn end(mut self) -> BTreeMap<String, Totals> {
        self.beside.shutdown().await;
        // The sinks are gone and their letters' handles with them, so this is the end of what waits; a panic was printed.
        while self.letters.join_next().await.is_some() {}
        self.tallies.into_iter().map(|(name, tally)| (name, tally.totals())).collect()
    }
}

async fn report_health(check: Healthcheck) {
    match check.await {
        Ok(()) => tracing::info!("Courier answers and takes the API key"),
        Err(error) => tracing::error!("{error}; the run goes on"),
    }
}
