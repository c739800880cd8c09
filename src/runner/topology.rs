//! Sources, sink, dead letters and checkpoints, put together and run to their end.

mod sources;

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::check::{Places, check};
use super::checkpoint::{Checkpoints, Follow};
use super::drive::{self, drive};
use super::key_file::KeyFile;
use super::source::Progress;
use super::{Exit, InputEnd, RunError, Summary, dead_letters};
use crate::clock::Clock;
use crate::config::Config;
use crate::sink::{self, SinkConfig};
use crate::telemetry::Tally;
use sources::Sources;

/// What a run needs from whoever starts it: time, chance, and whom to listen to.
pub struct Context {
    /// What time it is, for dead letters
    pub clock: Clock,
    /// Draws waits, and ids for events that bring nothing to make one of
    pub chance: fastrand::Rng,
    /// The first item asks to stop, the second to stop at once
    pub signals: BoxStream<'static, ()>,
    /// Counts the bytes read
    pub progress: Arc<Progress>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What it did
    pub summary: Summary,
    /// The exit code
    pub exit: Exit,
}

/// How often checkpoints are written: what a crash may cost is sent again.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// How long clients may take, once all is done, to take in the answers they waited for: a few bytes each, so whoever is
/// slower than this is gone.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Runs `config` to its end. Blocks on the disk while it starts. Dropping the future abandons the run: what has not
/// ended is owed.
pub async fn run(mut config: Config, mut context: Context) -> Result<Outcome, RunError> {
    let wrong = check(&config);
    if !wrong.is_empty() {
        return Err(RunError::Config(wrong.join("\n")));
    }
    let places = Places::new(&config);
    let Some((name, configured)) = config.sinks.pop_first() else {
        return Err(RunError::Config("sinks: is empty, add a block `[sinks.NAME]`".to_owned()));
    };
    let courier = configured.courier;
    #[cfg(feature = "emulator")]
    let (courier, emulated) = super::emulated::start(config.emulator.as_ref(), courier).await?;
    let letters = places.dead_letters(&name, courier.dead_letter.path.as_deref());
    let (letters, writer) = dead_letters::open(&letters, context.clock.clone())?;
    let follow = if courier.acknowledgements { Follow::Acknowledgements } else { Follow::Reading };
    let mut sources = Sources::new(places, context.chance.fork(), Arc::clone(&context.progress));
    let mut inputs = Vec::new();
    for name in &configured.inputs {
        if let Some(source) = config.sources.remove(name) {
            inputs.push(sources.open(name, source, follow)?);
        }
    }

    let start = Instant::now();
    let tally = Arc::new(Tally::default());
    let settings = courier.validate().unwrap_or_else(|never| match never {});
    let sink_context = sink::Context {
        dead_letters: Arc::new(letters),
        tally: Arc::clone(&tally),
        seed: context.chance.u64(..),
    };
    let key_file = KeyFile::new(&courier.api_key);
    let (sink, health) = courier.build(settings, sink_context)?;
    let mut tasks = JoinSet::new();
    if courier.healthcheck.enabled {
        tasks.spawn(report_health(health));
    }
    if let Some(key_file) = key_file {
        tasks.spawn(key_file.follow(sink.api_keys(), sink.gate()));
    }
    tasks.spawn(save_regularly(sources.checkpoints()));
    let writer = tokio::spawn(writer.run());
    let limits = drive::Limits {
        signals: context.signals,
        stop: sources.stop(),
        input_ended: sources.ended(),
        held: sink.held(),
        timeout: config.shutdown_timeout,
    };
    let ended = Box::pin(drive(sink.run_on(stream::select_all(inputs)), limits)).await;

    let now = Instant::now();
    let deadline = ended.deadline.unwrap_or(now + config.shutdown_timeout);
    sources.end(deadline.min(now + ANSWERS_WITHIN)).await;
    tasks.shutdown().await;
    // The sink is gone and its letters' handle with it, so this is the end of what waits; a panic was printed.
    let _ = writer.await;
    let saved = save(sources.checkpoints()).await;
    #[cfg(feature = "emulator")]
    emulated.end().await;
    let input = sources.input(ended.input);
    let summary = Summary { totals: tally.totals(), elapsed: start.elapsed(), input };
    if sources.reads_stdin() && (summary.owed() > 0 || input == InputEnd::Stopped) {
        tracing::warn!(
            owed = summary.owed(),
            "standard input cannot be read again: the next run does not bring back what is owed or unread of it"
        );
    }
    let exit = if saved {
        Exit::of(&summary.totals, summary.owed(), summary.input)
    } else {
        Exit::Internal
    };
    Ok(Outcome { summary, exit })
}

async fn report_health(check: sink::Healthcheck) {
    match check.await {
        Ok(()) => tracing::info!("Courier answers and takes the API key"),
        Err(error) => tracing::error!("{error}; the run goes on"),
    }
}

async fn save_regularly(checkpoints: Vec<Checkpoints>) {
    let mut ticks = interval(SAVE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        save(checkpoints.clone()).await;
    }
}

/// Writes what has changed; tells whether all of it could be written.
async fn save(checkpoints: Vec<Checkpoints>) -> bool {
    let saved = tokio::task::spawn_blocking(move || {
        let saved = checkpoints
            .iter()
            .map(|it| it.save().inspect_err(|error| tracing::error!("{error}")).is_ok());
        // Each is to be written, whatever became of the one before.
        saved.fold(true, |all, saved| all & saved)
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
