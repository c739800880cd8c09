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
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
use crate::finalization::{Done, EventFinalizer};
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
    /// Who reads, where it can go back to the checkpoints
    thread: Option<mpsc::Sender<Tick>>,
    /// When it is to look whether there is more, where that may be
    looks: Option<Interval>,
    under_way: UnderWay,
    input: Option<Arc<Input>>,
    frames: VecDeque<Frame>,
    checkpoints: Option<Checkpoints>,
    chance: fastrand::Rng,
    max_bytes: usize,
    progress: Arc<Progress>,
    problems: Arc<AtomicUsize>,
    /// Whether what has ended was read to its end
    is_whole: Arc<AtomicBool>,
    errors: SourceErrors,
}

/// Starts to read. A record may take `max_bytes`. What cannot be read is logged and counted.
pub(super) fn open(kind: Kind, max_bytes: usize, context: Context) -> Result<Opened, SourceError> {
    let Context { name, stop, clock, chance, progress, problems, errors } = context;
    let (feed, messages) = Feed::new(Arc::clone(&progress));
    let mut reading = Reading {
        name,
        messages,
        thread: None,
        looks: None,
        under_way: UnderWay::default(),
        input: None,
        frames: VecDeque::new(),
        checkpoints: None,
        chance,
        max_bytes,
        progress: Arc::clone(&progress),
        problems,
        is_whole: Arc::new(AtomicBool::new(true)),
        errors,
    };
    let is_whole = Arc::clone(&reading.is_whole);
    // A thread and not the executor's pool, which would wait at the end for a read that may never return.
    let thread = std::thread::Builder::new().name("source".to_owned());
    let started = match kind {
        Kind::Stdin => thread.spawn(move || read_stdin(&feed, max_bytes)),
        Kind::Files { source, checkpoints } => {
            reading.checkpoints = Some(checkpoints.clone());
            let (sender, ticks) = mpsc::channel(1);
            // Without acknowledgements nobody reads what went back.
            reading.thread = checkpoints.await_ends().then(|| sender.clone());
            match source.follow {
                None => {
                    let settings =
                        files::Settings { source, clock, max_bytes, checkpoints, progress };
                    thread.spawn(move || Files::new(settings, ticks).run(&feed))
                }
                Some(follow) => {
                    let mut looks = interval(follow::period(&follow));
                    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                    (reading.looks, reading.thread) = (Some(looks), Some(sender));
                    let settings =
                        Settings { source, follow, clock, max_bytes, checkpoints, progress };
                    thread.spawn(move || Follower::new(settings).run(&feed, ticks))
                }
            }
        }
    };
    started.map_err(SourceError::Start)?;
    let is_endless = reading.looks.is_some();
    let records = stream::unfold(reading, |mut reading| async {
        let record = reading.next().await?;
        Some((record, reading))
    });
    let records = records.take_until(stop.cancelled_owned()).boxed();
    Ok(if is_endless { Opened::endless(records) } else { Opened::finite(records, is_whole) })
}

fn read_stdin(feed: &Feed, max_bytes: usize) {
    let input = Arc::new(Input { name: "stdin".into(), kept: None });
    // Nobody listens any more: that is a reason to end, and not an error.
    let _ = feed.read(&input, std::io::stdin().lock(), (Place::START, None), max_bytes, || false);
}

/// Waits for the next tick, and passes it on; for ever where there are none. Dropping the future loses none.
async fn tick(looks: &mut Option<Interval>, thread: Option<&mpsc::Sender<Tick>>) {
    let (Some(looks), Some(thread)) = (looks, thread) else { return std::future::pending().await };
    let now = looks.tick().await;
    // Full, it is still busy with the last one. Closed, it has ended, and its messages say so.
    let _ = thread.try_send(Tick::Look(now));
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
                () = tick(&mut self.looks, self.thread.as_ref()) => continue,
            };
            match message {
                Message::Frames(input, frames) => {
                    self.input = Some(input);
                    self.frames = frames.into();
                }
                Message::Problem(problem) => self.tell(&problem),
                // Nothing was asked for.
                Message::Again => {}
                // What goes back from now on is for the next run.
                Message::End => return None,
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
        let (finalizer, done) = match (&self.checkpoints, input.kept, mark) {
            (Some(checkpoints), Some(kept), Some(mark)) => {
                let reached = Reached { place: next, mark };
                let (finalizer, done) = checkpoints.begin(kept, &input.name, reached).await?;
                if checkpoints.await_ends() {
                    (self.under_way.begin(finalizer)?, done)
                } else {
                    (finalizer, done)
                }
            }
            _ => (EventFinalizer::none(), Done::default()),
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
            done,
        })
    }
}

#[cfg(test)]
mod tests;
