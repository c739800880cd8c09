//! Back to the checkpoint: what was handed on and went back is read again, from the file or from its heir.
//!
//! In: a file whose records have all ended. Out: the same at its checkpoint, if it still holds all that was read; what is
//! neither there nor in an heir is told, and given up once the file is let go.

use std::io;

use super::Watched;
use crate::runner::checkpoint::{Checkpoints, Reached};
use crate::runner::source::follow::content::{Content, head_and_tail};
use crate::runner::source::framing::{Framer, Trail};
use crate::runner::source::{Progress, SourceError};

/// Whether a file is to go back to its checkpoint before anything else is read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recall {
    /// It is not
    None,
    /// It is, as soon as it can be read there
    Wanted,
    /// It is, and it was told that it does not hold that any more
    Told,
}

impl Watched {
    /// What was handed on and is not done is to be read again, before anything else of it.
    pub(in super::super) fn recall(&mut self) {
        if !self.is_recalled() {
            self.recall = Recall::Wanted;
        }
    }

    pub(in super::super) fn is_recalled(&self) -> bool {
        self.recall != Recall::None
    }

    /// Whether nothing more is to be had of it, which has gone: all that was handed on is done for good, or else cannot be
    /// read again.
    pub(in super::super) fn is_over(&self, checkpoints: &Checkpoints) -> bool {
        let done = self.input.kept.and_then(|kept| checkpoints.done(kept));
        let is_done = done.is_none_or(|done| done.place.offset >= self.handed_on);
        self.is_recalled() || (self.is_drained() && self.is_settled && is_done)
    }

    /// Goes back to its checkpoint, where that is wanted and it still holds all that was read; if not it is lost, and its
    /// heir goes back. To be called when everything of it has ended.
    pub(in super::super) fn go_back(
        &mut self,
        checkpoints: &Checkpoints,
        max_bytes: usize,
        progress: &Progress,
    ) -> Option<SourceError> {
        let kept = self.input.kept.filter(|_| self.is_recalled())?;
        let reached = checkpoints.done(kept)?;
        let (before, line) = (self.read, self.framer.place().line);
        match self.rewind(reached, max_bytes) {
            Ok(true) => {
                // Of a packed file what is unpacked is no measure of its bytes.
                if matches!(self.content, Content::Plain(_)) {
                    // About as many: most records are a line.
                    let records = line.saturating_sub(reached.place.line);
                    progress.go_back(before.saturating_sub(self.read), records);
                }
                checkpoints.rewind(kept);
                self.recall = Recall::None;
            }
            Ok(false) => {
                if !self.is_lost() {
                    self.lose();
                }
                if reached.place.offset >= self.handed_on {
                    self.recall = Recall::None;
                }
            }
            Err(error) => {
                let (name, line) = (self.input.name.to_string(), reached.place.line);
                return Some(SourceError::Read { name, line, error });
            }
        }
        None
    }

    /// What is to be told of it, once: that what went back is not there any more, nor has an heir been found.
    pub(in super::super) fn loss(&mut self, checkpoints: &Checkpoints) -> Option<SourceError> {
        let is_known = self.recall == Recall::Wanted && self.gone_since.is_some();
        let kept = self.input.kept.filter(|_| is_known)?;
        let line = checkpoints.done(kept)?.place.line;
        self.recall = Recall::Told;
        Some(SourceError::Lost { name: self.input.name.to_string(), line })
    }

    /// Whether it could go back to `reached`: it then still holds all that was read, of which more is known to be done.
    fn rewind(&mut self, reached: Reached, max_bytes: usize) -> io::Result<bool> {
        let from = reached.place;
        let mut there = None;
        for (mark, offset) in [(self.trail.mark(), self.read), (reached.mark, from.offset)] {
            let holds = head_and_tail(&mut self.content, &self.path, offset)?;
            let Some((head, tail)) = holds.filter(|(head, tail)| mark.is_of(head, tail)) else {
                return Ok(false);
            };
            there = Some(Trail::new(from, &head, &tail));
        }
        let Some(trail) = there else { return Ok(false) };
        if matches!(self.content, Content::Read) {
            self.content = Content::Packed;
        }
        self.framer = Framer::new(from, max_bytes).marking(Some(trail.clone()));
        self.trail = trail;
        (self.read, self.handed_on, self.is_settled) = (from.offset, from.offset, true);
        Ok(true)
    }
}
