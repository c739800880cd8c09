//! One file that is followed: how far it was read, and whether it still holds that.
//!
//! A file is held open, so that it is read to its end also when it is renamed or deleted; a packed one is not, since it
//! was written whole. What is no more where it was (cut off, or written anew) is *lost*: another file may be its heir.

mod back;
mod heir;

use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;

use super::content::{Content, holds_before, tail_before};
use super::look::Look;
use crate::runner::checkpoint::{Checkpoints, Claim, Found, Kept, Reached};
use crate::runner::source::feed::{Feed, Input, PIECE_BYTES, Stopped, unfinished};
use crate::runner::source::framing::{Framer, Missing, Place, Trail};
use crate::runner::source::stat::Stat;
use crate::runner::source::{Progress, SourceError, open};

use back::Recall;

/// A file that is followed.
pub(super) struct Watched {
    pub(super) path: PathBuf,
    pub(super) stat: Stat,
    /// Since when no path leads to it, or it does not hold any more what was read
    pub(super) gone_since: Option<Instant>,
    input: Arc<Input>,
    content: Content,
    framer: Framer,
    /// Of all that was read, records or not
    trail: Trail,
    read: u64,
    /// Up to where records were handed on
    handed_on: u64,
    /// Whether its last line was looked at since something was read
    is_settled: bool,
    recall: Recall,
}

impl Watched {
    /// Opens a file at its checkpoint.
    pub(super) fn open(
        Found { path, head }: Found,
        stat: Stat,
        claim: Claim,
        checkpoints: &Checkpoints,
        max_bytes: usize,
    ) -> io::Result<Self> {
        let content = Content::of(&path)?;
        let mut from = claim.start;
        let before = open::tail(&path, from.offset)?.unwrap_or_else(|| {
            // It was cut in this very moment.
            checkpoints.restart(claim.kept);
            from = Place::START;
            Vec::new()
        });
        let trail = Trail::new(from, &head, &before);
        let input = Arc::new(Input { name: path.to_string_lossy().into(), kept: Some(claim.kept) });
        Ok(Self {
            path,
            stat,
            gone_since: None,
            input,
            content,
            framer: Framer::new(from, max_bytes).marking(Some(trail.clone())),
            trail,
            read: from.offset,
            handed_on: from.offset,
            is_settled: true,
            recall: Recall::None,
        })
    }

    /// Its checkpoint.
    pub(super) fn kept(&self) -> Option<Kept> {
        self.input.kept
    }

    /// The number of its checkpoint.
    pub(super) fn number(&self) -> Option<u64> {
        self.input.kept.map(|kept| kept.number)
    }

    pub(super) fn is_lost(&self) -> bool {
        matches!(self.content, Content::Lost)
    }

    /// Whether everything that can be read was read.
    pub(super) fn is_drained(&self) -> bool {
        match self.content {
            Content::Plain(_) => self.read >= self.stat.length,
            Content::Packed => false,
            Content::Read | Content::Lost => true,
        }
    }

    /// Whether what is at a path now, of the same identity, is still what was read.
    pub(super) fn is_still(&self, stat: &Stat) -> bool {
        match self.content {
            // Held open, so nothing else can have its identity.
            Content::Plain(_) => true,
            Content::Packed | Content::Read => *stat == self.stat,
            Content::Lost => false,
        }
    }

    /// What it holds, for others to be compared with.
    pub(super) fn look(&self) -> io::Result<Look> {
        let length = match self.content {
            Content::Plain(_) => Some(self.stat.length),
            Content::Read => Some(self.read),
            Content::Packed | Content::Lost => None,
        };
        Ok(Look { length, ..Look::of_broken(&self.path)? })
    }

    /// Looks whether there is more, and whether what was read is still there; if not, it is lost.
    pub(super) fn check(&mut self, progress: &Progress) -> io::Result<()> {
        let Content::Plain(file) = &mut self.content else { return Ok(()) };
        let now = Stat::from(&self.path, &file.metadata()?);
        let is_touched = (now.length, now.modified) != (self.stat.length, self.stat.modified);
        let is_cut = now.length < self.read
            || (is_touched && tail_before(file, self.read)? != self.trail.mark().tail);
        progress.expect(now.length.saturating_sub(self.stat.length));
        self.stat = now;
        if is_cut {
            self.lose();
        }
        Ok(())
    }

    /// It is no more what it was.
    fn lose(&mut self) {
        tracing::warn!(
            path = %self.path.display(),
            line = self.framer.place().line,
            "file was cut off or written anew: it is read from its start; what was added behind that line \
             meanwhile is read only if a copy of it matches the globs"
        );
        self.content = Content::Lost;
    }

    /// Reads what there is, and tells what could not be read.
    pub(super) fn read_on(
        &mut self,
        feed: &Feed,
        progress: &Arc<Progress>,
    ) -> Result<Option<SourceError>, Stopped> {
        if self.is_recalled() {
            return Ok(None);
        }
        let before = self.read;
        let mut behind = None;
        let hand_on = |input: &Arc<Input>, framer: &mut Framer| {
            behind = feed.frames(input, framer)?.or(behind);
            Ok(())
        };
        let result = match self.rest(progress) {
            Ok(Some(rest)) => self.pump(rest, progress, hand_on),
            Ok(None) => Ok(Ok(())),
            Err(error) => Ok(Err(error)),
        }?;
        self.handed_on = behind.map_or(self.handed_on, |place| place.offset);
        let is_packed = matches!(self.content, Content::Packed);
        if is_packed {
            self.content = Content::Read;
        }
        if let Err(error) = result {
            if !is_packed {
                self.content = Content::Lost;
            }
            let (name, line) = (self.input.name.to_string(), self.framer.place().line);
            return Ok(Some(SourceError::Read { name, line, error }));
        }
        if is_packed {
            return self.settle(feed);
        }
        if self.read > before {
            self.is_settled = false;
        } else if !self.is_settled {
            // Nothing came since: a last line may well be whole, though no line break ends it. If not, the rest may come.
            self.settle(feed)?;
            self.is_settled = true;
        }
        Ok(None)
    }

    /// Hands on a last record that is whole as it is, and tells what is not.
    pub(super) fn settle(&mut self, feed: &Feed) -> Result<Option<SourceError>, Stopped> {
        self.framer.end_for_now();
        if let Some(behind) = feed.frames(&self.input, &mut self.framer)? {
            self.handed_on = behind.offset;
        }
        self.framer.go_on();
        Ok(self.framer.missing().map(|missing| unfinished(&self.input.name, missing)))
    }

    /// Whether a record has begun that is not whole.
    pub(super) fn breaks_off(&self) -> bool {
        matches!(self.framer.missing(), Some(Missing::Record(_)))
    }

    /// Leaves out what is there, up to the last record that is whole.
    pub(super) fn pass_over(
        &mut self,
        checkpoints: &Checkpoints,
        progress: &Arc<Progress>,
    ) -> io::Result<()> {
        let Some(rest) = self.rest(progress)? else { return Ok(()) };
        let mut last = None;
        let take = |_: &Arc<Input>, framer: &mut Framer| {
            last = std::iter::from_fn(|| framer.next_frame()).last().or(last.take());
            Ok(())
        };
        // It sends nothing, so nobody can have stopped listening.
        self.pump(rest, progress, take).unwrap_or(Ok(()))?;
        if matches!(self.content, Content::Packed) {
            self.content = Content::Read;
        }
        let reached = last.and_then(|it| Some(Reached { place: it.next, mark: it.mark? }));
        if let (Some(kept), Some(reached)) = (self.input.kept, reached) {
            checkpoints.pass(kept, &self.input.name, reached);
        }
        Ok(())
    }

    /// How far it was read.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// It is read no more.
    pub(super) fn release(&self, checkpoints: &Checkpoints) {
        if let Some(kept) = self.input.kept {
            checkpoints.release(kept);
        }
    }

    /// What there is to read now. A file that grows while it is read is read to where it ended before, so that none keeps
    /// the others from their turn.
    fn rest(&mut self, progress: &Arc<Progress>) -> io::Result<Option<open::Content>> {
        match &mut self.content {
            Content::Plain(_) if self.read >= self.stat.length => Ok(None),
            Content::Plain(file) => {
                file.seek(SeekFrom::Start(self.read))?;
                Ok(Some(Box::new(file.try_clone()?.take(self.stat.length - self.read))))
            }
            Content::Packed => open::open(&self.path, self.read, progress),
            Content::Read | Content::Lost => Ok(None),
        }
    }

    fn pump(
        &mut self,
        mut content: impl Read,
        progress: &Progress,
        mut hand_on: impl FnMut(&Arc<Input>, &mut Framer) -> Result<(), Stopped>,
    ) -> Result<io::Result<()>, Stopped> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = match content.read(&mut piece) {
                Ok(0) => return Ok(Ok(())),
                Ok(read) => piece.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Err(error)),
            };
            let length = u64::try_from(read.len()).unwrap_or(u64::MAX);
            if let Content::Plain(file) = &mut self.content {
                // What came before may have waited long to be taken; if it has gone meanwhile, this is of something else.
                match holds_before(file, self.read, self.trail.mark().tail, self.read + length) {
                    Ok(true) => {}
                    Ok(false) => {
                        self.lose();
                        return Ok(Ok(()));
                    }
                    Err(error) => return Ok(Err(error)),
                }
            }
            self.read += length;
            self.trail.push(read);
            self.framer.push(read);
            if matches!(self.content, Content::Plain(_)) {
                progress.advance(length);
            }
            hand_on(&self.input, &mut self.framer)?;
        }
    }
}
