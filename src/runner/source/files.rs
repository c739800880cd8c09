//! Reads the files of one source, one after the other, each from its checkpoint to its end.

use std::path::Path;
use std::sync::Arc;

use super::feed::{Feed, Input, Stopped};
use super::framing::{Place, Trail};
use super::open::{self, Content};
use super::{Progress, SourceError, paths};
use crate::runner::checkpoint::{Checkpoints, Claim, Found};

/// What is read, and how.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) max_bytes: usize,
    pub(super) checkpoints: Checkpoints,
    pub(super) progress: Arc<Progress>,
}

impl Files {
    /// Reads all files into `feed`. Blocks; ends early when nobody takes records any more.
    pub(super) fn read(&self, feed: &Feed) {
        // Nobody listens any more: that is a reason to end, and not an error.
        let _: Result<(), Stopped> = self.try_read(feed);
    }

    fn try_read(&self, feed: &Feed) -> Result<(), Stopped> {
        let (paths, problems) = paths::find(&self.include, &self.exclude);
        let mut is_whole = problems.is_empty();
        for problem in problems {
            feed.problem(problem)?;
        }
        let mut files = Vec::new();
        for path in paths {
            match open::head(&path) {
                Ok(head) if head.is_empty() => {
                    tracing::debug!(path = %path.display(), "file is empty");
                }
                Ok(head) => files.push(Found { path, head }),
                Err(error) => {
                    is_whole = false;
                    feed.problem(SourceError::Open { path, error })?;
                }
            }
        }
        let claims = self.checkpoints.claim(&files, &open::tail);
        if is_whole {
            // With a folder that is away for a while, its checkpoints must not go.
            self.checkpoints.forget_the_gone();
        }
        for Found { path, .. } in &files {
            self.progress.expect(path.metadata().map_or(0, |it| it.len()));
        }
        for (Found { path, head }, claim) in files.into_iter().zip(claims) {
            match self.open(&path, &head, claim) {
                Ok((content, start)) => {
                    let kept = Some(claim.kept);
                    let input = Arc::new(Input { name: path.to_string_lossy().into(), kept });
                    feed.read(&input, content, start, self.max_bytes)?;
                }
                Err(error) => feed.problem(SourceError::Open { path, error })?,
            }
        }
        Ok(())
    }

    fn open(
        &self,
        path: &Path,
        head: &[u8],
        claim: Claim,
    ) -> std::io::Result<(Content, (Place, Option<Trail>))> {
        let from = claim.start;
        let tail = open::tail(path, from.offset)?;
        if let (Some(tail), Some(content)) = (tail, open::open(path, from.offset, &self.progress)?)
        {
            return Ok((content, (from, Some(Trail::new(from, head, &tail)))));
        }
        // It was cut in this very moment.
        self.checkpoints.restart(claim.kept);
        let content = open::open(path, 0, &self.progress)?;
        let content = content.unwrap_or_else(|| Box::new(std::io::empty()));
        Ok((content, (Place::START, Some(Trail::new(Place::START, &[], &[])))))
    }
}
