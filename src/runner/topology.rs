//! Sources, sinks and checkpoints, put together and run to their end.
//!
//! A source that one sink reads is given to it as it is: the sink polls it. One that several read is passed on to each of
//! them over a queue.

mod fan_out;
mod given;
mod saving;
mod sinks;
mod sources;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::stream::BoxStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::api::{Board, EventsPage, MetricsPage, Server};
use super::check::{Places, check};
use super::checkpoint::Follow;
use super::drive::{self, drive};
use super::reload::{Live, Reloader};
use super::source::Progress;
use super::{Exit, InputEnd, RunError, Summaries, Summary};
use crate::clock::Clock;
use crate::config::{ApiConfig, Config};
use crate::tap::Sightings;
use fan_out::{LeftBehind, fan_out};
use saving::Saving;
use sinks::{Sink, Sinks};
use sources::Sources;

/// What a run needs from whoever starts it: time, chance, and whom to listen to.
pub struct Context {
    /// What time it is, for dead letters
    pub clock: Clock,
    /// Draws waits, and ids for events that bring nothing to make one of
    pub chance: fastrand::Rng,
    /// The first item asks to stop, the second to stop at once
    pub signals: BoxStream<'static, ()>,
    /// Configurations to go on with, as [`reloads`](super::reloads) gives them
    pub reloads: BoxStream<'static, Config>,
    /// Counts the bytes read
    pub progress: Arc<Progress>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What each sink did
    pub summaries: Summaries,
    /// The exit code
    pub exit: Exit,
}

/// How often checkpoints are written: what a crash may cost is sent again.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// How long clients may take, once all is done, to take in the answers they waited for: a few bytes each, so whoever is
/// slower than this is gone.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// How long they may at least, also where the time to drain in is over: who is hung up on cannot tell what it lost.
const ANSWERS_AT_LEAST: Duration = Duration::from_secs(1);

/// Runs `config` to its end. Blocks on the disk while it starts. Dropping the future abandons the run: what has not
/// ended is owed.
pub async fn run(mut config: Config, mut context: Context) -> Result<Outcome, RunError> {
    let wrong = check(&config);
    if !wrong.is_empty() {
        let lines: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        return Err(RunError::Config(lines.join("\n")));
    }
    #[cfg(feature = "emulator")]
    let emulated = super::emulated::start(config.emulator.as_ref()).await?;
    let api = match config.api {
        Some(api) => Some(listen(api.address)?),
        None => None,
    };
    let sightings = config.api.filter(|api| api.page).map(|api| (api, Sightings::default()));
    let places = Places::new(&config);
    let written = config.clone();
    let mut sinks = Vec::new();
    for (name, sink) in std::mem::take(&mut config.sinks) {
        #[cfg(feature = "emulator")]
        let sink = crate::config::Sink { courier: emulated.point(sink.courier), ..sink };
        let chance = context.chance.fork();
        let sink = Sink::build(name, sink, &places, context.clock.clone(), chance)?;
        sinks.push(match &sightings {
            Some((_, sightings)) => sink.shown(sightings, context.clock.clone()),
            None => sink,
        });
    }
    let mut sources = Sources::new(
        places,
        context.clock.clone(),
        context.chance.fork(),
        Arc::clone(&context.progress),
    );
    let (mut passing_on, left_behind) = (Vec::new(), LeftBehind::default());
    for (name, source) in config.sources {
        let mut readers: Vec<_> = sinks.iter_mut().filter(|sink| sink.reads(&name)).collect();
        let (records, progress) = sources.open(&name, source, follow(&readers))?;
        if let [only] = readers.as_mut_slice() {
            only.add(records, progress);
            continue;
        }
        let (pass_on, queues) = fan_out(records, readers.len(), &left_behind);
        // Run only once all sources are open: the end of the first would be taken for the end of all.
        passing_on.push(pass_on);
        for (reader, queue) in readers.into_iter().zip(queues) {
            reader.add(queue, Arc::clone(&progress));
        }
    }

    let start = Instant::now();
    let mut saving = JoinSet::new();
    saving.spawn(save_regularly(sources.checkpoints()));
    let mut fans: JoinSet<()> = passing_on.into_iter().collect();
    let (mut sinks, live) = Sinks::start(sinks, sources.stop());
    let mut beside = JoinSet::new();
    let events = sightings.map(|shown| show(shown, &live, context.clock.clone(), &mut beside));
    let mut reloading = JoinSet::new();
    reloading.spawn(Reloader::new(written, live).follow(context.reloads));
    if let Some((server, page)) = api {
        let (progress, sinks) = (Arc::clone(&context.progress), sinks.watched());
        beside.spawn(server.serve(Arc::new(Board { sinks, progress, page, events, since: start })));
    }
    let limits = drive::Limits {
        signals: context.signals,
        stop: sources.stop(),
        input_ended: sources.ended(),
        active: sinks.active(),
        timeout: config.shutdown_timeout,
    };
    let ended = drive(sinks.done(), limits).await;
    sources.stop().cancel();
    sinks.stop().await;
    fans.shutdown().await;
    // Before the answers: whoever waits for room in a buffer hears only now that there will be none.
    sinks.take_in(Instant::now() + ANSWERS_AT_LEAST).await;

    let now = Instant::now();
    let deadline = ended.deadline.unwrap_or(now + config.shutdown_timeout);
    sources.end(deadline.clamp(now + ANSWERS_AT_LEAST, now + ANSWERS_WITHIN)).await;
    reloading.shutdown().await;
    let done = sinks.end().await;
    saving.shutdown().await;
    beside.shutdown().await;
    let saved = save(sources.checkpoints()).await;
    #[cfg(feature = "emulator")]
    emulated.end().await;
    let mut input = sources.input();
    if input == InputEnd::Complete && left_behind.load(Ordering::Relaxed) {
        // Read, but by no sink.
        input = InputEnd::Stopped;
    }
    let elapsed = start.elapsed();
    let summaries = done
        .into_iter()
        .map(|(name, (totals, buffer))| (name, Summary { totals, elapsed, input, buffer }));
    let summaries = Summaries(summaries.collect());
    if sources.reads_stdin() && (summaries.returned() > 0 || input == InputEnd::Stopped) {
        tracing::warn!(
            owed = summaries.returned(),
            "standard input cannot be read again: the next run does not bring back what is owed or unread of it"
        );
    }
    let exit = if saved { summaries.exit() } else { Exit::Internal };
    Ok(Outcome { summaries, exit })
}

/// Binds the admin endpoint, and begins to count before anything is built that does.
fn listen(address: SocketAddr) -> Result<(Server, MetricsPage), RunError> {
    let server = Server::bind(address).map_err(|error| RunError::Api { address, error })?;
    Ok((server, MetricsPage::install()))
}

/// Begins to keep what the sinks show, for the page.
fn show(
    (api, sightings): (ApiConfig, Sightings),
    live: &BTreeMap<String, Live>,
    clock: Clock,
    beside: &mut JoinSet<()>,
) -> Arc<EventsPage> {
    let sinks = live.iter().map(|(name, live)| live.shown(name)).collect();
    let page = EventsPage::new(sinks, api.page_max_events.get(), clock);
    beside.spawn(page.follow(sightings));
    Arc::new(page)
}

/// A source waits for the ends of its events if one of its sinks wants that: then for their ends in all of its sinks.
fn follow(readers: &[&mut Sink]) -> Follow {
    if readers.iter().any(|sink| sink.acknowledges()) {
        Follow::Acknowledgements
    } else {
        Follow::Reading
    }
}

async fn save_regularly(checkpoints: Vec<Saving>) {
    let mut ticks = interval(SAVE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        save(checkpoints.clone()).await;
    }
}

/// Writes what has changed; tells whether all of it could be written.
async fn save(checkpoints: Vec<Saving>) -> bool {
    let saved = tokio::task::spawn_blocking(move || {
        // Each is to be written, whatever became of the one before.
        checkpoints.iter().map(Saving::save).fold(true, |all, saved| all & saved)
    });
    saved.await.unwrap_or(false)
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("clock", &self.clock)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}
