//! Dead letters in a file, one line of JSON each, on disk before their events end.
//!
//! [`DeadLetterFile`] is the handle the sink writes to; [`Writer`] is the worker, to be run by whoever opened both.
//! Letters that wait together share one write and one fsync. What was kept is listed, sent again ([`replay()`]) or
//! dropped ([`drop_letters`]), also while a sink writes to the file.

mod aside;
mod drop;
mod file;
mod filter;
mod journal;
mod letter;
mod line;
mod list;
mod replay;
mod resend;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

pub use aside::AsideError;
pub use drop::drop_letters;
pub use filter::{EventFilter, Filter, parse_age};
pub use letter::Letter;
pub use list::{Letters, list};
pub use replay::{Options, ReplayError, Replayed, replay};

use file::LetterFile;
pub use file::OpenError;

use crate::clock::Clock;
use crate::sink::{DeadLetter, DeadLetterError, DeadLetters, KeepFuture};

/// Keeps letters in a file.
#[derive(Clone, Debug)]
pub struct DeadLetterFile {
    waiting: mpsc::Sender<Waiting>,
    clock: Clock,
}

/// Writes the letters of its [`DeadLetterFile`]s.
#[derive(Debug)]
pub struct Writer {
    waiting: mpsc::Receiver<Waiting>,
    path: PathBuf,
    /// None once a replay has put it aside and no other could be opened
    file: Option<LetterFile>,
}

#[derive(Debug)]
struct Waiting {
    line: Vec<u8>,
    kept: oneshot::Sender<Result<(), DeadLetterError>>,
}

/// How many letters share one fsync, and how many more may wait for theirs: enough that the disk's pace does not
/// matter, little enough to bound what they hold.
const GROUP: usize = 64;

/// How often it is looked whether the file was put aside: a replay waits for that.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Opens the file at `path`. Blocks on the disk.
pub fn open(path: &Path, clock: Clock) -> Result<(DeadLetterFile, Writer), OpenError> {
    let file = LetterFile::open(path)?;
    let (sender, waiting) = mpsc::channel(GROUP);
    let handle = DeadLetterFile { waiting: sender, clock };
    Ok((handle, Writer { waiting, path: path.to_owned(), file: Some(file) }))
}

impl DeadLetters for DeadLetterFile {
    fn keep(&self, letter: DeadLetter) -> KeepFuture {
        let (waiting, clock) = (self.waiting.clone(), self.clock.clone());
        Box::pin(async move {
            let line = line::line(&letter, clock.now());
            drop(letter);
            let (kept, told) = oneshot::channel();
            let sent = waiting.send(Waiting { line, kept }).await;
            sent.map_err(|_| stopped())?;
            told.await.map_err(|_| stopped())?
        })
    }
}

fn stopped() -> DeadLetterError {
    DeadLetterError("its writer has stopped".to_owned())
}

impl Writer {
    /// Writes until every handle is gone. Dropping the future loses letters whose events have not ended.
    ///
    /// A replay puts the file aside: then another is opened at the path, at the next letter or a quarter of a second
    /// later, and the lock on the old one is let go, which the replay waits for before it reads.
    pub async fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP);
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Correctness: letters, the last handle's end and the time wake us; what the branch that loses had taken
            // in, nothing, is not lost. A group is told before the next is taken.
            tokio::select! {
                biased;
                taken = self.waiting.recv_many(&mut group, GROUP) => if taken == 0 { return },
                _ = looks.tick() => {}
            }
            let lines = group.iter().flat_map(|it| &it.line).copied().collect::<Vec<_>>();
            let Self { waiting, path, file } = self;
            let written = tokio::task::spawn_blocking(move || {
                let mut file = file;
                let outcome = write(&mut file, &path, &lines);
                (file, path, outcome)
            });
            let Ok((file, path, outcome)) = written.await else {
                // The writing thread panicked or the runtime is closing; the letters' futures see us gone.
                return;
            };
            self = Self { waiting, path, file };
            for waiting in group.drain(..) {
                // Whoever waited may be gone; the letter is kept all the same.
                let _ = waiting.kept.send(outcome.clone());
            }
        }
    }
}

/// Appends `lines` to the file at `path`: `file`, or another if that is no longer there.
fn write(file: &mut Option<LetterFile>, path: &Path, lines: &[u8]) -> Result<(), DeadLetterError> {
    if file.as_ref().is_some_and(|file| !file.is_current()) {
        tracing::info!(path = %path.display(), "dead letters were put aside: another file is begun");
        *file = None;
    }
    if file.is_none() {
        let opened = LetterFile::open(path).map_err(|error| DeadLetterError(error.to_string()))?;
        *file = Some(opened);
    }
    match file {
        Some(file) if !lines.is_empty() => {
            file.append(lines).map_err(|error| DeadLetterError(error.to_string()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::event::{Origin, Seed, Trust};
    use crate::telemetry::Rejection;

    fn letter(number: u32) -> DeadLetter {
        DeadLetter {
            reason: Rejection::Refused,
            detail: number.to_string(),
            origin: Origin {
                name: "x".into(),
                line: None,
                seed: Seed::Random(0),
                trust: Trust::Trusted,
            },
            record: Bytes::from_static(b"{}"),
            event: None,
            answer: None,
        }
    }

    #[tokio::test]
    async fn every_letter_is_in_the_file_when_its_future_resolves() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.ndjson");
        let (letters, writer) = open(&path, Clock::from_fn(|| Duration::ZERO)).unwrap();
        let count = || std::fs::read_to_string(&path).unwrap().lines().count();
        let work = async {
            letters.keep(letter(0)).await.unwrap();
            assert_eq!(count(), 1);
            let many = (1..200).map(|number| letters.keep(letter(number)));
            let kept = futures::future::join_all(many).await;
            assert!(kept.iter().all(Result::is_ok));
            assert_eq!(count(), 200);
            drop(letters);
        };
        tokio::join!(work, writer.run());
    }

    #[tokio::test]
    async fn without_its_writer_no_letter_counts_as_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.ndjson");
        let (letters, writer) = open(&path, Clock::from_fn(|| Duration::ZERO)).unwrap();
        drop(writer);
        assert!(letters.keep(letter(0)).await.is_err());
    }
}
