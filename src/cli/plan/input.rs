//! Recorded events as records, framed as a source of files or standard input frames them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use crate::event::{Origin, Seed, Trust};
use crate::runner::source::framing::{Content, Frame, Framer, HEAD_BYTES, Missing, Place, hash};
use crate::sink::Payload;

/// One record of the input.
pub(super) struct Record {
    pub(super) payload: Payload,
    pub(super) origin: Origin,
}

/// The input, record by record. It holds one piece and one record at a time.
pub(super) struct Input {
    name: Arc<str>,
    content: Box<dyn Read>,
    framer: Framer,
    frames: VecDeque<Frame>,
    /// What ids of events are made of that bring nothing to make one of; of standard input a run draws them
    fingerprint: Option<u128>,
    trust: Trust,
    max_bytes: usize,
    has_ended: bool,
}

/// The input cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// It cannot be opened or read on
    #[error("{name}: cannot be read: {error}")]
    Read { name: Arc<str>, error: io::Error },
    /// It breaks off within a record
    #[error("{name}:{line}: the input ends within this record")]
    OpenRecord { name: Arc<str>, line: u64 },
    /// It breaks off within an array
    #[error("{name}: the input ends before its array does")]
    OpenArray { name: Arc<str> },
}

const PIECE_BYTES: usize = 64 << 10;

impl Input {
    /// Opens `path`, or standard input where that is `-`.
    pub(super) fn open(path: &Path, trust: Trust, max_bytes: usize) -> Result<Self, Problem> {
        let is_stdin = path.as_os_str() == "-";
        let name: Arc<str> =
            if is_stdin { "stdin".into() } else { path.display().to_string().into() };
        let failed = |error| Problem::Read { name: Arc::clone(&name), error };
        let mut content: Box<dyn Read> = if is_stdin {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(failed)?;
            let is_packed = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("gz"));
            if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) }
        };
        let mut framer = Framer::new(Place::START, max_bytes);
        let mut fingerprint = None;
        if !is_stdin {
            let mut head = Vec::new();
            let most = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
            content.by_ref().take(most).read_to_end(&mut head).map_err(failed)?;
            fingerprint = Some(hash(&head));
            framer.push(&head);
        }
        Ok(Self {
            name,
            content,
            framer,
            frames: VecDeque::new(),
            fingerprint,
            trust,
            max_bytes,
            has_ended: false,
        })
    }

    fn read_on(&mut self) -> Result<(), Problem> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            self.frames.extend(std::iter::from_fn(|| self.framer.next_frame()));
            if self.has_ended || !self.frames.is_empty() {
                return Ok(());
            }
            match self.content.read(&mut piece) {
                Ok(0) => {
                    self.has_ended = true;
                    match self.fingerprint {
                        // As a source of files: what breaks off is not a record yet.
                        Some(_) => self.framer.end_for_now(),
                        None => self.framer.end(),
                    }
                }
                Ok(read) => self.framer.push(piece.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Problem::Read { name: Arc::clone(&self.name), error });
                }
            }
        }
    }

    fn record(&self, frame: Frame) -> Record {
        let Frame { content, from, .. } = frame;
        let seed = match self.fingerprint {
            Some(fingerprint) => Seed::Position { fingerprint, offset: from.offset },
            None => Seed::Random(from.offset.into()),
        };
        let payload = match content {
            Content::Whole(bytes) => Payload::Bytes(bytes),
            Content::TooLong { head, bytes } => Payload::Unreadable {
                problem: format!(
                    "a record may take {} bytes, this one takes {bytes}",
                    self.max_bytes
                ),
                bytes: head,
            },
        };
        let name = Arc::clone(&self.name);
        Record { payload, origin: Origin { name, line: Some(from.line), seed, trust: self.trust } }
    }

    fn missing(&self) -> Option<Problem> {
        let name = Arc::clone(&self.name);
        self.framer.missing().map(|missing| match missing {
            Missing::Record(place) => Problem::OpenRecord { name, line: place.line },
            Missing::Bracket => Problem::OpenArray { name },
        })
    }
}

impl Iterator for Input {
    type Item = Result<Record, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.frames.is_empty() {
            let was_over = self.has_ended;
            if !was_over && let Err(problem) = self.read_on() {
                self.has_ended = true;
                return Some(Err(problem));
            }
        }
        match self.frames.pop_front() {
            Some(frame) => Some(Ok(self.record(frame))),
            None if self.max_bytes > 0 => {
                // Said once: there is nothing after it.
                self.max_bytes = 0;
                self.missing().map(Err)
            }
            None => None,
        }
    }
}
