//! From a blocking reader to whoever waits for records: one piece at a time, no faster than they are taken.

use std::io::{self, Read};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::framing::{Frame, Framer, Missing, Place, Trail};
use super::{Progress, SourceError};
use crate::runner::checkpoint::Kept;

/// One input of a source.
#[derive(Debug)]
pub(super) struct Input {
    /// What to call it
    pub(super) name: Arc<str>,
    /// How its checkpoint is kept, if it will hold the same when it is read again
    pub(super) kept: Option<Kept>,
}

/// What a reading thread says.
#[derive(Debug)]
pub(super) enum Message {
    /// Records of an input, in order
    Frames(Arc<Input>, Vec<Frame>),
    /// Something could not be read
    Problem(SourceError),
    /// What comes is read from the checkpoints on, as was asked for
    Again,
    /// Everything was read
    End,
}

/// Where a reading thread says it. Messages hold the records of one piece, so a few of them bound memory.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    messages: mpsc::Sender<Message>,
    progress: Arc<Progress>,
}

/// Why a reading thread does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Nobody takes records any more
    Gone,
    /// What was given before is to be read again first
    Recalled,
}

/// How much is read at once: large enough that the disk and the channel cost little per line.
pub(super) const PIECE_BYTES: usize = 64 << 10;

/// How many messages may wait.
const MESSAGES: usize = 2;

impl Feed {
    /// A feed that tells `progress` what is found, and its other end.
    pub(super) fn new(progress: Arc<Progress>) -> (Self, mpsc::Receiver<Message>) {
        Self::with_room(MESSAGES, progress)
    }

    /// The same with room for so many messages.
    pub(super) fn with_room(
        messages: usize,
        progress: Arc<Progress>,
    ) -> (Self, mpsc::Receiver<Message>) {
        let (messages, receiver) = mpsc::channel(messages);
        (Self { messages, progress }, receiver)
    }

    /// Reads `content`, which starts at `from`, to its end, unless `is_recalled` before. `trail` is of what comes before.
    /// Blocks.
    pub(super) fn read(
        &self,
        input: &Arc<Input>,
        mut content: impl Read,
        (from, trail): (Place, Option<Trail>),
        max_bytes: usize,
        mut is_recalled: impl FnMut() -> bool,
    ) -> Result<(), Stopped> {
        let mut framer = Framer::new(from, max_bytes).marking(trail);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            if is_recalled() {
                return Err(Stopped::Recalled);
            }
            match content.read(&mut piece) {
                Ok(0) => {
                    // Of a file, what breaks off stays unread: the rest may be there when it is read again.
                    match input.kept {
                        Some(_) => framer.end_for_now(),
                        None => framer.end(),
                    }
                    self.frames(input, &mut framer)?;
                    return match framer.missing() {
                        Some(missing) => self.problem(unfinished(&input.name, missing)),
                        None => Ok(()),
                    };
                }
                Ok(read) => {
                    framer.push(piece.get(..read).unwrap_or_default());
                    self.frames(input, &mut framer)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What has begun stays unread: were the input whole, it might read differently.
                Err(error) => {
                    return self.problem(SourceError::Read {
                        name: input.name.to_string(),
                        line: framer.place().line,
                        error,
                    });
                }
            }
        }
    }

    /// Says that something could not be read.
    pub(super) fn problem(&self, problem: SourceError) -> Result<(), Stopped> {
        self.send(Message::Problem(problem))
    }

    /// Says that from now on it reads from the checkpoints on.
    pub(super) fn again(&self) -> Result<(), Stopped> {
        self.send(Message::Again)
    }

    /// Says that everything was read.
    pub(super) fn end(&self) -> Result<(), Stopped> {
        self.send(Message::End)
    }

    /// Hands on the records that `framer` has found; gives the place behind the last of them.
    pub(super) fn frames(
        &self,
        input: &Arc<Input>,
        framer: &mut Framer,
    ) -> Result<Option<Place>, Stopped> {
        let found: Vec<_> = std::iter::from_fn(|| framer.next_frame()).collect();
        let Some(behind) = found.last().map(|frame| frame.next) else { return Ok(None) };
        self.progress.find(found.len());
        self.send(Message::Frames(Arc::clone(input), found)).map(|()| Some(behind))
    }

    fn send(&self, message: Message) -> Result<(), Stopped> {
        self.messages.blocking_send(message).map_err(|_| Stopped::Gone)
    }
}

/// What to say of an input that breaks off.
pub(super) fn unfinished(name: &str, missing: Missing) -> SourceError {
    let name = name.to_owned();
    match missing {
        Missing::Record(place) => SourceError::OpenRecord { name, line: place.line },
        Missing::Bracket => SourceError::OpenArray { name },
    }
}
