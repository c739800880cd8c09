//! The sinks of a run: built, given their records, run beside each other.
//!
//! In: what is configured, and the records of the sources. Out: what each of them did. Each has its own dead letters, its
//! own pace and its own hold; none knows of another.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::clock::Clock;
use crate::config::{self, CourierConfig};
use crate::journal::{Journal, Notes};
use crate::runner::active::Active;
use crate::runner::api::{Disk, Health, Watched};
use crate::runner::buffer::{self, Buffer};
use crate::runner::check::Places;
use crate::runner::key_file::KeyFile;
use crate::runner::reload::Live;
use crate::runner::source::Progress;
use crate::runner::{RunError, dead_letters, journal};
use crate::sink::{self, CourierSink, Healthcheck, Record, SinkConfig};
use crate::tap::Sightings;
use crate::telemetry::{BufferType, Component, Tally, Totals, names};
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
    journal: Option<(journal::Writer, Notes)>,
    buffer: Option<Buffer>,
    records: Vec<BoxStream<'static, Record>>,
    progress: Vec<Arc<Progress>>,
}

/// All sinks, running.
pub(super) struct Sinks {
    active: Active,
    tallies: BTreeMap<String, Arc<Tally>>,
    running: JoinSet<()>,
    /// What looks after them, and never ends by itself
    beside: JoinSet<()>,
    letters: JoinSet<()>,
    buffers: BTreeMap<String, buffer::Running>,
    watched: Vec<Watched>,
    stop: CancellationToken,
}

/// What one sink did, and its buffer, where it is on disk.
pub(super) type Done = (Totals, Option<buffer::Report>);

impl Sink {
    /// Builds a sink. Blocks on the disk.
    pub(super) fn build(
        name: String,
        configured: config::Sink,
        places: &Places,
        clock: Clock,
        mut chance: fastrand::Rng,
    ) -> Result<Self, RunError> {
        let config::Sink { inputs, courier, .. } = configured;
        let letters = places.dead_letters(&name, courier.dead_letter.path.as_deref());
        let (keeper, letters) = dead_letters::open(&letters, clock.clone())?;
        let component = Component::sink(&name, courier.endpoint.as_str());
        let tally = Arc::new(Tally::new(component));
        let settings = courier.validate().unwrap_or_else(|never| match never {});
        let dead_letters = Arc::new(keeper);
        let context = sink::Context {
            dead_letters,
            tally: Arc::clone(&tally),
            seed: chance.u64(..),
            clock: clock.clone(),
        };
        let key_file = KeyFile::new(&courier.api_key);
        let (mut built, health) = courier.build(settings, context)?;
        let mut journal = None;
        if let Some(config) = courier.journal {
            let writer = journal::Writer::open(&places.journal(&name), config.max_size.get())?;
            let (notes, received) = Journal::new(clock.clone(), journal::ROOM);
            built = built.with_journal(notes);
            journal = Some((writer, received));
        }
        // At the level of the worst, so that whatever is logged says whose it is.
        let span = tracing::error_span!("sink", name);
        let folder = places.buffer(&name);
        let buffer = match courier.disk_buffer {
            Some(buffer) => {
                let _entered = span.enter();
                Some(Buffer::open(&folder, buffer, clock, &mut chance)?)
            }
            None => {
                buffer::refuse_left_behind(&folder)?;
                None
            }
        };
        Ok(Self {
            name,
            span,
            inputs,
            courier,
            built,
            tally,
            health,
            key_file,
            letters,
            journal,
            buffer,
            records: Vec::new(),
            progress: Vec::new(),
        })
    }

    /// The same, showing its events.
    pub(super) fn shown(self, sightings: &Sightings, clock: Clock) -> Self {
        let tap = sightings.tap(self.name.as_str(), clock);
        Self { built: self.built.with_tap(tap), ..self }
    }

    /// Whether it reads the source called `source`.
    pub(super) fn reads(&self, source: &str) -> bool {
        self.inputs.iter().any(|input| input == source)
    }

    /// Whether its sources wait for how its events ended.
    pub(super) const fn acknowledges(&self) -> bool {
        self.courier.acknowledgements
    }

    /// Gives it records of a source, and how far that is.
    pub(super) fn add(&mut self, records: BoxStream<'static, Record>, progress: Arc<Progress>) {
        self.records.push(records);
        self.progress.push(progress);
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
    /// Starts all of `sinks`, and gives what can be exchanged of each; those with a buffer on disk take nothing more out of it once `stop` is cancelled.
    pub(super) fn start(
        sinks: Vec<Sink>,
        stop: CancellationToken,
    ) -> (Self, BTreeMap<String, Live>) {
        let mut own = Self {
            active: Active::new(sinks.len()),
            tallies: BTreeMap::new(),
            running: JoinSet::new(),
            beside: JoinSet::new(),
            letters: JoinSet::new(),
            buffers: BTreeMap::new(),
            watched: Vec::new(),
            stop,
        };
        let live = sinks.into_iter().map(|sink| (sink.name.clone(), own.start_one(sink)));
        let live = live.collect();
        (own, live)
    }

    fn start_one(&mut self, sink: Sink) -> Live {
        let Sink { name, span, courier, built, tally, health, key_file, letters, .. } = sink;
        let mut records = Sink::records(sink.records);
        let component = Component::sink(&name, courier.endpoint.as_str());
        if let Some(buffer) = sink.buffer {
            let labels = component.buffer(BufferType::Disk);
            let buffer = buffer.timed(component.histogram(names::BUFFER_SEND_DURATION, &labels));
            let (fed, running) = span.in_scope(|| buffer.start(records, self.stop.clone()));
            self.buffers.insert(name.clone(), running);
            records = fed;
        }
        let disk = self.buffers.get(&name).zip(courier.disk_buffer).map(|(running, configured)| {
            Disk::new(running.level(), &component, configured.max_size.get())
        });
        let (told, said) = watch::channel(None);
        self.watched.push(Watched {
            buffer: disk,
            name: name.clone(),
            inspector: built.inspector(),
            health: said,
            progress: sink.progress,
        });
        self.tallies.insert(name, tally);
        if courier.healthcheck.enabled {
            self.beside.spawn(report_health(health, told).instrument(span.clone()));
        }
        let mut live = Live::new(courier, &built, span.clone());
        live.follow_key(key_file);
        if let Some((writer, notes)) = sink.journal {
            let span = span.clone();
            self.letters.spawn_blocking(move || span.in_scope(|| writer.run(notes)));
        }
        self.letters.spawn(letters.run().instrument(span.clone()));
        let run = self.active.clone().run(built, records);
        self.running.spawn(Box::pin(run.instrument(span)));
        live
    }

    /// Whom to ask how they stand; to be taken once.
    pub(super) fn watched(&mut self) -> Vec<Watched> {
        std::mem::take(&mut self.watched)
    }

    /// How many are neither held nor done.
    pub(super) fn active(&self) -> watch::Receiver<usize> {
        self.active.watch()
    }

    /// Resolves when all are done, and what came for them is in their buffers. Dropping the future lets them go on.
    pub(super) async fn done(&mut self) {
        while let Some(ended) = self.running.join_next().await {
            if let Err(error) = ended
                && let Ok(panic) = error.try_into_panic()
            {
                // It was printed; no promise is kept without the sink.
                std::panic::resume_unwind(panic);
            }
        }
        for buffer in self.buffers.values_mut() {
            buffer.taken_in().await;
        }
    }

    /// Ends those that are not done, whose events go back to their sources.
    pub(super) async fn stop(&mut self) {
        self.running.shutdown().await;
    }

    /// Has what came for them taken into their buffers, or given back: at once where that has not ended by `deadline`. To be
    /// called when the input has ended, and what is stored leads nowhere any more.
    pub(super) async fn take_in(&mut self, deadline: Instant) {
        for buffer in self.buffers.values_mut() {
            if timeout_at(deadline, buffer.taken_in()).await.is_err() {
                buffer.take_no_more().await;
            }
        }
    }

    /// Waits until everything they left is kept, and tells what each of them did. To be called when all have ended.
    pub(super) async fn end(mut self) -> BTreeMap<String, Done> {
        self.beside.shutdown().await;
        // The sinks are gone and their letters' handles with them, so this is the end of what waits; a panic was printed.
        while self.letters.join_next().await.is_some() {}
        let mut done = BTreeMap::new();
        for (name, tally) in self.tallies {
            let report = match self.buffers.remove(&name) {
                Some(buffer) => Some(buffer.end().await),
                None => None,
            };
            done.insert(name, (tally.totals(), report));
        }
        done
    }
}

async fn report_health(check: Healthcheck, told: watch::Sender<Health>) {
    let result = check.await;
    // Perhaps nobody asks.
    let _ = told.send(Some(result.as_ref().copied().map_err(ToString::to_string)));
    match result {
        Ok(()) => tracing::info!("Courier answers and takes the API key"),
        Err(error) => tracing::error!("{error}; the run goes on"),
    }
}
