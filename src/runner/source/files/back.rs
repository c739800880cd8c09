//! Back to the checkpoints: what was handed on and went back is read again, if its file still holds what was read.

use std::io;
use std::path::Path;

use super::{Read, Settings};
use crate::runner::checkpoint::Reached;
use crate::runner::source::{SourceError, open};

impl Settings {
    /// Puts each file back to where it is done. Gives what cannot be read again, of which nothing more is read in this
    /// run. To be called when everything has ended.
    pub(super) fn go_back(&self, files: &mut Vec<Read>) -> Vec<SourceError> {
        let mut problems = Vec::new();
        files.retain_mut(|file| {
            let kept = file.claim.kept;
            if !file.is_begun {
                return true;
            }
            let reached = self.checkpoints.done(kept).zip(self.checkpoints.begun(kept));
            // Given up, and told, when it was to be opened again.
            let Some((done, begun)) = reached else { return false };
            // A turn among the records means something only while all before it are what they were.
            let path = &file.found.path;
            let is_still = [begun, done].into_iter().map(|reached| holds(path, reached));
            let problem = match is_still.collect::<io::Result<Vec<_>>>() {
                Ok(holds) if holds.iter().all(|holds| *holds) => {
                    self.checkpoints.rewind(kept);
                    self.progress.go_back(
                        std::mem::take(&mut file.bytes),
                        std::mem::take(&mut file.records),
                    );
                    file.claim.start = done.place;
                    return true;
                }
                Ok(_) => self.lose(file),
                Err(error) => SourceError::Open { path: path.clone(), error },
            };
            problems.push(problem);
            false
        });
        problems
    }

    /// What went back of a file cannot be read again: the next run takes it for what it is by then.
    pub(super) fn lose(&self, file: &Read) -> SourceError {
        let kept = file.claim.kept;
        let line = self.checkpoints.done(kept).map_or(0, |done| done.place.line);
        self.checkpoints.abandon(kept);
        SourceError::Lost { name: file.found.path.to_string_lossy().into(), line }
    }
}

/// Whether the file holds what was read of it up to there.
fn holds(path: &Path, reached: Reached) -> io::Result<bool> {
    let (head, tail) = (open::head(path)?, open::tail(path, reached.place.offset)?);
    Ok(tail.is_some_and(|tail| reached.mark.is_of(&head, &tail)))
}
