//! Sends letters again, each from where its event was left.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::StreamExt;
use futures::stream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::aside::{Aside, AsideError, is_empty};
use super::resend::{self, Ended, UNDER_WAY, UnderWay};
use super::{Filter, Letter};
use crate::clock::Time;
use crate::config::{Config, Sink};
use crate::finalization::EventStatus;
use crate::runner::active::Active;
use crate::runner::check::Places;
use crate::runner::drive::{self, drive};
use crate::runner::source::Progress;
use crate::runner::{Context, Exit, InputEnd, RunError, Summary};
use crate::sink::{self, SinkConfig};
use crate::telemetry::Tally;

/// Which letters are sent, and what is allowed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file
    pub file: PathBuf,
    /// The sink of the configuration that sends them. Where absent, its only one, else the one whose letters these are.
    pub sink: Option<String>,
    /// Which letters
    pub filter: Filter,
    /// Whether identify and group events are sent, which may overwrite what is newer
    pub allow_stale: bool,
    /// Whether events are sent that have become too old, or do so meanwhile
    pub ignore_expiry: bool,
}

/// What a replay did.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What the sink did
    pub summary: Summary,
    /// Letters that need `allow_stale`
    pub stale: u64,
    /// Letters that need `ignore_expiry`
    pub expired: u64,
    /// Lines that are no letters
    pub damaged: u64,
    /// Letters whose record is still no event
    pub unreadable: u64,
    /// Letters that stay in the file, whatever the reason
    pub left: u64,
    /// The exit code
    pub exit: Exit,
}

/// A replay could not start, or not end. No letter is lost.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The configuration has no such sink
    #[error("there is no sink `{0}` in the configuration")]
    NoSink(String),
    /// It has several, and none of them keeps its letters in this file
    #[error(
        "the configuration has several sinks, and none keeps its dead letters in this file: say `--sink NAME`"
    )]
    WhichSink,
    /// The file cannot be put aside or back
    #[error(transparent)]
    Aside(#[from] AsideError),
    /// The sink cannot run
    #[error(transparent)]
    Run(#[from] RunError),
}

impl ReplayError {
    /// The exit code it ends in.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::NoSink(_) | Self::WhichSink => Exit::Usage,
            Self::Aside(AsideError::Missing { .. } | AsideError::NoLetters { .. }) => Exit::Source,
            Self::Aside(
                AsideError::AtWork { .. } | AsideError::Held { .. } | AsideError::Failed { .. },
            ) => Exit::Internal,
            Self::Run(error) => error.exit(),
        }
    }
}

/// Letters left where they are, by why.
#[derive(Debug, Default)]
struct Held {
    stale: AtomicU64,
    expired: AtomicU64,
    damaged: AtomicU64,
    unreadable: AtomicU64,
}

/// Sends the letters of a file again through the sink of `config`; `None` if there are none, and then nothing is touched.
/// Lanes and pace are this process's own. Dropping the future leaves the file put aside: the next replay puts back first
/// what was not delivered. Blocks on the disk.
pub async fn replay(
    mut config: Config,
    options: Options,
    context: Context,
) -> Result<Option<Replayed>, ReplayError> {
    let courier = sink(&mut config, &options)?.courier;
    if is_empty(&options.file)? {
        return Ok(None);
    }
    #[cfg(feature = "emulator")]
    let emulated = crate::runner::emulated::start(config.emulator.as_ref()).await?;
    #[cfg(feature = "emulator")]
    let courier = emulated.point(courier);
    let Context { clock, mut chance, signals, progress, .. } = context;
    let (tally, now) = (Arc::new(Tally::default()), clock.now());
    let letters = UnderWay::new(clock.clone(), options.ignore_expiry);
    let settings = courier.validate().unwrap_or_else(|never| match never {});
    let sink_context = sink::Context {
        dead_letters: Arc::new(letters.clone()),
        tally: Arc::clone(&tally),
        seed: chance.u64(..),
        clock,
    };
    let (sink, _) = courier.build(settings, sink_context).map_err(RunError::from)?;

    let aside = Aside::take(&options.file).await?;
    let file = aside.open()?;
    let path = options.file.clone();
    let failed = |error| AsideError::failed(&path, error);
    let bytes = file.metadata().map_err(failed)?.len();
    progress.expect(bytes);
    let (held, name) = (Arc::new(Held::default()), options.file.display().to_string());
    let is_wanted = wanted(options, Arc::clone(&held), now, Arc::clone(&progress));
    let read = resend::read(file, is_wanted).map_err(failed)?;
    let (sender, ends) = mpsc::channel(UNDER_WAY);
    let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
    let active = Active::new(1);
    let limits = drive::Limits {
        signals,
        stop: stop.clone(),
        input_ended: ended.clone(),
        active: active.watch(),
        timeout: config.shutdown_timeout,
    };
    let start = Instant::now();
    let end = stream::poll_fn(move |_| {
        ended.cancel();
        std::task::Poll::Ready(None)
    });
    let records = letters.records(&name, read, sender).take_until(stop.clone().cancelled_owned());
    // Correctness: the noting ends when the last end was told, after the sink is gone with all it held.
    let noting = tokio::spawn(note(aside, ends, progress, stop));
    let end = Box::pin(drive(active.run(sink, records.chain(end)), limits)).await.input;
    let (aside, is_noted) = noting.await.map_err(|error| failed(std::io::Error::other(error)))?;
    let left = aside.put_back()?;
    #[cfg(feature = "emulator")]
    emulated.end().await;
    let summary =
        Summary { totals: tally.totals(), elapsed: start.elapsed(), input: end, buffer: None };
    Ok(Some(result(summary, &held, left, is_noted)))
}

fn sink(config: &mut Config, options: &Options) -> Result<Sink, ReplayError> {
    let own = match &options.sink {
        Some(name) => name.clone(),
        None if config.sinks.len() > 1 => owner(config, &options.file)?,
        None => config.sinks.keys().next().cloned().unwrap_or_default(),
    };
    config.sinks.remove(&own).ok_or(ReplayError::NoSink(own))
}

/// The sink that keeps its letters in `file`. Blocks on the disk.
fn owner(config: &Config, file: &Path) -> Result<String, ReplayError> {
    let places = Places::new(config);
    // What is put aside is not there, but its folder is.
    let place = |path: &Path| {
        let folder = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
        Some((folder.canonicalize().ok()?, path.file_name()?.to_owned()))
    };
    let wanted = place(file);
    let mut sinks = config.sinks.iter().filter(|(name, sink)| {
        let letters = places.dead_letters(name, sink.courier.dead_letter.path.as_deref());
        wanted.is_some() && place(&letters) == wanted
    });
    sinks.next().map(|(name, _)| name.clone()).ok_or(ReplayError::WhichSink)
}

/// Whether a letter is sent; why not is counted, and what is not sent counts as read.
fn wanted(
    options: Options,
    held: Arc<Held>,
    now: Time,
    progress: Arc<Progress>,
) -> impl FnMut(&Letter) -> bool + Send + 'static {
    move |letter| {
        let counter = if !options.filter.matches(letter, now) {
            None
        } else if letter.is_damaged() {
            Some(&held.damaged)
        } else if let Some(problem) = letter.still_unreadable() {
            if held.unreadable.load(Ordering::Relaxed) == 0 {
                tracing::warn!(
                    line = letter.line,
                    problem,
                    "a record still cannot be read, and is not sent"
                );
            }
            Some(&held.unreadable)
        } else if letter.is_stale && !options.allow_stale {
            Some(&held.stale)
        } else if letter.is_expired() && !options.ignore_expiry {
            Some(&held.expired)
        } else {
            return true;
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        progress.advance(u64::try_from(letter.text.len()).unwrap_or(0));
        false
    }
}

/// Notes the ends of letters as they come. Where that fails, no more letters are sent. Gives back the file, and whether
/// everything could be noted.
async fn note(
    mut aside: Aside,
    mut ends: mpsc::Receiver<Ended>,
    progress: Arc<Progress>,
    stop: CancellationToken,
) -> (Aside, bool) {
    let (mut group, mut is_noted) = (Vec::with_capacity(UNDER_WAY), true);
    while ends.recv_many(&mut group, UNDER_WAY).await > 0 {
        let mut noted = Vec::new();
        for Ended { letter, status, stays } in group.drain(..) {
            progress.advance(u64::try_from(letter.text.len()).unwrap_or(0));
            match (status, stays.is_empty()) {
                (EventStatus::Delivered, _) => noted.push((letter.id(), Vec::new())),
                // Of a record with several events the parts that were delivered are not known.
                (EventStatus::Errored, _) if letter.events != 1 => {}
                (EventStatus::Rejected | EventStatus::Errored, false) => {
                    noted.push((letter.id(), stays));
                }
                // It was given up on the way: nothing new is known, and it stays as it was.
                (EventStatus::Rejected | EventStatus::Errored, true) => {}
            }
        }
        let written = tokio::task::spawn_blocking(move || {
            let written = aside.note(&noted);
            (aside, written)
        });
        let written = match written.await {
            Ok((back, written)) => {
                aside = back;
                written
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        if let Err(error) = written {
            tracing::error!("{error}: no more letters are sent, and what was may be sent again");
            is_noted = false;
            stop.cancel();
        }
    }
    (aside, is_noted)
}

fn result(summary: Summary, held: &Held, left: u64, is_noted: bool) -> Replayed {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (stale, expired) = (count(&held.stale), count(&held.expired));
    let (damaged, unreadable) = (count(&held.damaged), count(&held.unreadable));
    let is_whole = summary.input == InputEnd::Complete;
    let owed = summary.owed() + u64::from(!is_whole);
    // What was not let through is as good as rejected: somebody must decide.
    let is_held = stale + expired + damaged + unreadable > 0;
    let exit = match (Exit::of(&summary.totals, owed, InputEnd::Complete), is_held) {
        _ if !is_noted => Exit::Internal,
        (Exit::Done, true) => Exit::Rejected,
        (Exit::Owed, true) => Exit::RejectedAndOwed,
        (exit, _) => exit,
    };
    Replayed { summary, stale, expired, damaged, unreadable, left, exit }
}
