//! Letters on their way through a sink: each a record that says where its event goes on, and an end that is noted.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::Stream;
use futures::stream;
use tokio::sync::mpsc::{self, OwnedPermit};

use super::letter::{Letter, lines};
use super::line;
use crate::clock::Clock;
use crate::event::{Origin, Seed};
use crate::finalization::{Done, EventFinalizer, EventStatus};
use crate::sink::{DeadLetter, DeadLetters, KeepFuture, Payload, Record, Resume};

/// How many letters may be under way or wait to be noted; the sink's window may be smaller.
pub(super) const UNDER_WAY: usize = 1024;

/// How many letters are read ahead.
const READ_AHEAD: usize = 16;

/// A letter that came to an end.
pub(super) struct Ended {
    pub(super) letter: Letter,
    pub(super) status: EventStatus,
    /// What stays in its place, if that is known
    pub(super) stays: Vec<Vec<u8>>,
}

/// Keeps the letters under way, and what the sink says of them.
#[derive(Clone)]
pub(super) struct UnderWay {
    letters: Arc<Mutex<HashMap<Arc<str>, Sent>>>,
    clock: Clock,
    ignores_expiry: bool,
}

/// A letter under way.
struct Sent {
    letter: Letter,
    stays: Vec<Vec<u8>>,
}

/// Reads the letters of `file` in a thread of its own, as far as they are wanted.
pub(super) fn read(
    file: File,
    mut is_wanted: impl FnMut(&Letter) -> bool + Send + 'static,
) -> io::Result<mpsc::Receiver<io::Result<Letter>>> {
    let (sender, letters) = mpsc::channel(READ_AHEAD);
    let read = move || {
        for (line, number) in lines(file).zip(1..) {
            let letter = line.map(|line| Letter::parse(number, line));
            let is_last = letter.is_err();
            if letter.as_ref().is_ok_and(|letter| !is_wanted(letter)) {
                continue;
            }
            // Nobody takes letters any more: that is a reason to end, and not an error.
            if sender.blocking_send(letter).is_err() || is_last {
                return;
            }
        }
    };
    std::thread::Builder::new().name("letters".to_owned()).spawn(read)?;
    Ok(letters)
}

impl UnderWay {
    pub(super) fn new(clock: Clock, ignores_expiry: bool) -> Self {
        Self { letters: Arc::default(), clock, ignores_expiry }
    }

    /// The records of `letters`, whose ends go to `ends`; `file` is what the letters' place is called in logs.
    pub(super) fn records(
        &self,
        file: &str,
        letters: mpsc::Receiver<io::Result<Letter>>,
        ends: mpsc::Sender<Ended>,
    ) -> impl Stream<Item = Record> + Send + use<> {
        let file: Arc<str> = file.into();
        stream::unfold((self.clone(), letters, ends), move |(own, mut letters, ends)| {
            let file = Arc::clone(&file);
            async move {
                // Correctness: room for an end, then the reading thread, wakes us. Dropped at either, no letter was
                // begun. With room taken in advance an end never waits.
                let room = ends.clone().reserve_owned().await.ok()?;
                let letter = letters.recv().await?;
                let letter = letter.inspect_err(|error| tracing::error!("{file}: {error}")).ok()?;
                let record = own.record(&file, letter, room);
                Some((record, (own, letters, ends)))
            }
        })
    }

    fn record(&self, file: &str, letter: Letter, room: OwnedPermit<Ended>) -> Record {
        let place: Arc<str> = format!("{file}:{}", letter.line).into();
        // The same each time it is sent, for an event that brings no id.
        let seed = Seed::Position { fingerprint: letter.id().short(), offset: 0 };
        let payload = Payload::Bytes(letter.record.clone());
        let resume = Resume { ignores_expiry: self.ignores_expiry, ..letter.resume() };
        let origin = Origin { name: Arc::clone(&place), line: None, seed, trust: letter.trust };
        self.lock().insert(Arc::clone(&place), Sent { letter, stays: Vec::new() });
        let own = self.clone();
        let finalizer = EventFinalizer::new(move |status| {
            if let Some(Sent { letter, stays }) = own.lock().remove(&place) {
                room.send(Ended { letter, status, stays });
            }
        });
        Record { payload, origin, finalizer, resume: Some(resume), done: Done::default() }
    }

    fn stays(&self, origin: &Origin, line: impl FnOnce(&Letter) -> Vec<u8>) {
        if let Some(sent) = self.lock().get_mut(&origin.name) {
            let line = line(&sent.letter);
            sent.stays.push(line);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Sent>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeadLetters for UnderWay {
    /// The letter is on disk all the time: its old line until the new one is noted.
    fn keep(&self, letter: DeadLetter) -> KeepFuture {
        self.stays(&letter.origin, |old| line::again(old, &letter, self.clock.now()));
        Box::pin(std::future::ready(Ok(())))
    }

    fn returned(&self, origin: &Origin, resume: Resume, detail: &str) {
        self.stays(origin, |old| line::returned(old, &resume, detail, self.clock.now()));
    }
}
