//! Dead letters in a file, one line of JSON each, on disk before their events end.
//!
//! [`DeadLetterFile`] is the handle the sink writes to; [`Writer`] is the worker, to be run by whoever opened both.
//! Letters that wait together share one write and one fsync.

mod base64;
mod file;
mod line;

use std::path::Path;

use tokio::sync::{mpsc, oneshot};

use file::LetterFile;
pub use file::OpenError;

use super::clock::Clock;
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
    file: LetterFile,
}

#[derive(Debug)]
struct Waiting {
    line: Vec<u8>,
    kept: oneshot::Sender<Result<(), DeadLetterError>>,
}

/// How many letters share one fsync, and how many more may wait for theirs: enough that the disk's pace does not
/// matter, little enough to bound what they hold.
const GROUP: usize = 64;

/// Opens the file at `path`. Blocks on the disk.
pub fn open(path: &Path, clock: Clock) -> Result<(DeadLetterFile, Writer), OpenError> {
    let file = LetterFile::open(path)?;
    let (sender, waiting) = mpsc::channel(GROUP);
    let handle = DeadLetterFile { waiting: sender, clock };
    Ok((handle, Writer { waiting, file }))
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
    pub async fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP);
        // Correctness: letters and the last handle's end wake us; a group is told before the next is taken.
        while self.waiting.recv_many(&mut group, GROUP).await > 0 {
            let lines = group.iter().flat_map(|it| &it.line).copied().collect::<Vec<_>>();
            let mut file = self.file;
            let written = tokio::task::spawn_blocking(move || {
                let outcome = file.append(&lines);
                (file, outcome)
            });
            let Ok((file, outcome)) = written.await else {
                // The writing thread panicked or the runtime is closing; the letters' futures see us gone.
                return;
            };
            self.file = file;
            let outcome = outcome.map_err(|error| DeadLetterError(error.to_string()));
            for waiting in group.drain(..) {
                // Whoever waited may be gone; the letter is kept all the same.
                let _ = waiting.kept.send(outcome.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::event::{Origin, Seed};
    use crate::telemetry::Rejection;

    fn letter(number: u32) -> DeadLetter {
        DeadLetter {
            reason: Rejection::Refused,
            detail: number.to_string(),
            origin: Origin { name: "x".into(), line: None, seed: Seed::Random(0) },
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
