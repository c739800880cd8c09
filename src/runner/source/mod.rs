//! Where events come from: files, standard input, and whoever sends them.
//!
//! In: what to read. Out: a stream of [`Record`]s, each with a finalizer that moves the checkpoint. Reading blocks, so
//! it is done in a thread of its own, which is never ahead by more than a few pieces.

mod again;
pub(in crate::runner) mod door;
mod error;
mod feed;
mod files;
mod follow;
pub mod framing;
pub(super) mod http_server;
mod open;
mod opened;
pub(in crate::runner) mod paths;
mod progress;
mod stat;
pub(super) mod vector;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use futures::stream;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};

use again::{Tick, UnderWay};
pub use error::SourceError;
use feed::{Feed, Input, Message};
use files::Files;
use follow::{Follower, Settings};
use framing::{Content, Frame, Place};
pub use http_server::KeysFileError;
pub(super) use opened::{Context, Opened};
pub use progress::{Progress, Unread};

use super::checkpoint::{Checkpoints, Kept, Reached};
use crate::config::FileSource;
use crate::event::{Origin, Seed, Trust};
use crate::finalization::EventFinalizer;
use crate::sink::{Payload, Record};
use crate::telemetry::{ErrorType, SourceErrors};

/// What a source reads.
#[derive(Debug)]
pub enum Kind {
    /// Standard input
    Stdin,
    /// Files
    Files {
        /// Which, and how
        source: FileSource,
        /// How far they were read before
        checkpoints: Checkpoints,
    },
}

/// One source, being read.
#[derive(Debug)]
struct Reading {
    name: Arc<str>,
    messages: mpsc::Receiver<Message>,
    /// Told to look whether there is more, where that may be
    ticks: Option<(Interval, mpsc::Sender<Tick>)>,
    under_way: UnderWay,
    input: Option<Arc<Input>>,
    frames: VecDeque<Frame>,
    checkpoints: Option<Checkpoints>,
    chance: fastrand::Rng,
    max_bytes: usize,
    progress: Arc<Progress>,
    problems: Arc<AtomicUsize>,
    errors: SourceErrors,
}

/// Starts to read. A record may take `max_bytes`. What cannot be read is logged and counted.
pub(super) fn open(kind: Kind, max_bytes: usize, context: Context) -> Result<Opened, SourceError> {
    let Context { name, stop, clock, chance, progress, problems, errors } = context;
    let (feed, messages) = Feed::new(Arc::clone(&progress));
    let mut reading = Reading {
        name,
        messages,
        ticks: None,
        under_way: UnderWay::default(),
        input: None,
        frames: VecDeque::new(),
        checkpoints: None,
        chance,
        max_bytes,
        progress: Arc::clone(&progress),
        problems,
        errors,
    };
    // A thread and not the executor's pool, which would wait at the end for a read that may never return.
    let thread = std::thread::Builder::new().name("source".to_owned());
    let started = match kind {
        Kind::Stdin => thread.spawn(move || read_stdin(&feed, max_bytes)),
        Kind::Files { source, checkpoints } => {
            reading.checkpoints = Some(checkpoints.clone());
            match source.follow {
                None => {
                    let files = Files { source, clock, max_bytes, checkpoints, progress };
                    thread.spawn(move || files.read(&feed))
                }
                Some(follow) => {
                    let (sender, ticks) = mpsc::channel(1);
                    let mut interval = interval(follow::period(&follow));
                    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
                    reading.ticks = Some((interval, sender));
                    let settings =
                        Settings { source, follow, clock, max_bytes, checkpoints, progress };
                    thread.spawn(move || Follower::new(settings).run(&feed, ticks))
                }
            }
        }
    };
    started.map_err(SourceError::Start)?;
    let is_endless = reading.ticks.is_some();
    let records = stream::unfold(reading, |mut reading| async {
        let record = reading.next().await?;
        Some((record, reading))
    });
    let records = records.take_until(stop.cancelled_owned()).boxed();
    Ok(if is_endless { Opened::endless(records) } else { Opened::finite(records) })
}

fn read_stdin(feed: &Feed, max_bytes: usize) {
    let input = Arc::new(Input { name: "stdin".into(), kept: None });
    // Nobody listens any more: that is a reason to end, and not an error.
    let _ = feed.read(&input, std::io::stdin().lock(), (Place::START, None), max_bytes);
}

/// Waits for the next tick, and passes it on; for ever where there are none. Dropping the future loses none.
async fn tick(ticks: &mut Option<(Interval, mpsc::Sender<Tick>)>) {
    let Some((interval, sender)) = ticks else { return std::future::pending().await };
    let now = interval.tick().await;
    // Full, it is still busy with the last one. Closed, it has ended, and its messages say so.
    let _ = sender.try_send(Tick::Look(now));
}

impl Reading {
    // Correctness: the reading thread wakes us, or a tick, or the end of a record when too many are open. Dropped at any,
    // the record at hand was not begun, and is read again after a restart.
    async fn next(&mut self) -> Option<Record> {
        loop {
            if self.under_way.has_failed() {
                self.again().await?;
            }
            if let (Some(input), Some(frame)) = (self.input.clone(), self.frames.pop_front()) {
                match self.record(&input, frame).await {
                    Some(record) => return Some(record),
                    None => {
                        self.progress.leave_out(1);
                        continue;
                    }
                }
            }
            let message = tokio::select! {
                biased;
                () = self.under_way.failed() => continue,
                message = self.messages.recv() => message?,
                () = tick(&mut self.ticks) => continue,
            };
            match message {
                Message::Frames(input, frames) => {
                    self.input = Some(input);
                    self.frames = frames.into();
                }
                Message::Problem(problem) => self.tell(&problem),
                // Nothing was asked for.
                Message::Again => {}
            }
        }
    }

    fn tell(&self, problem: &SourceError) {
        // The sink that reads a source polls it, and has no part in what ails it: hence not in its span.
        tracing::error!(parent: None, source = %self.name, "{problem}");
        self.problems.fetch_add(1, Ordering::Relaxed);
        self.errors.count(ErrorType::Reader);
    }

    /// The record of a frame; nothing where it has ended already.
    async fn record(&mut self, input: &Input, frame: Frame) -> Option<Record> {
        let Frame { content, from, next, mark } = frame;
        let seed = match input.kept {
            Some(Kept { fingerprint, .. }) => Seed::Position { fingerprint, offset: from.offset },
            None => Seed::Random(self.chance.u128(..)),
        };
        let finalizer = match (&self.checkpoints, input.kept, mark) {
            (Some(checkpoints), Some(kept), Some(mark)) => {
                let reached = Reached { place: next, mark };
                let finalizer = checkpoints.begin(kept, &input.name, reached).await?;
                // Of what is not followed, the next run reads what went back; without acknowledgements nobody does.
                if self.ticks.is_some() && checkpoints.await_ends() {
                    self.under_way.begin(finalizer)?
                } else {
                    finalizer
                }
            }
            _ => EventFinalizer::none(),
        };
        let payload = match content {
            Content::Whole(bytes) => Payload::Bytes(bytes),
            Content::TooLong { head, bytes } => Payload::Unreadable {
                problem: format!(
                    "a record may take {} bytes, this one takes {bytes}; its first {} are kept",
                    self.max_bytes,
                    head.len()
                ),
                bytes: head,
            },
        };
        Some(Record {
            payload,
            origin: Origin {
                name: Arc::clone(&input.name),
                line: Some(from.line),
                seed,
                trust: Trust::Trusted,
            },
            finalizer,
            resume: None,
        })
    }
}

#[cfg(test)]
mod tests;
