//! Reads the files of one source, one after the other, each from its checkpoint to its end.

use std::path::Path;
use std::sync::Arc;

use super::feed::{Feed, Input, Stopped};
use super::framing::{Place, Trail};
use super::open::{self, Content};
use super::stat::Stat;
use super::{Progress, SourceError, paths};
use crate::clock::Clock;
use crate::config::{FileOrder, FileSource};
use crate::runner::checkpoint::{Checkpoints, Claim, Found};

/// What is read, and how.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) source: FileSource,
    pub(super) clock: Clock,
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
        let (paths, problems) = paths::find(&self.source.include, &self.source.exclude);
        let mut is_whole = problems.is_empty();
        for problem in problems {
            // An archive may well hold one kind of file only; a file that was named by its name should be there.
            if problem.is_idle_glob() && !paths.is_empty() {
                tracing::warn!(parent: None, "{problem}");
            } else {
                feed.problem(problem)?;
            }
        }
        let (mut files, mut stats) = (Vec::new(), Vec::new());
        for path in paths {
            match open::head(&path).and_then(|head| Ok((head, Stat::of(&path)?))) {
                Ok((head, _)) if head.is_empty() => {
                    tracing::debug!(path = %path.display(), "file is empty");
                }
                Ok((head, stat)) => {
                    files.push(Found { path, head });
                    stats.push(stat);
                }
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
        let mut files: Vec<_> = stats.into_iter().zip(files).zip(claims).collect();
        let (limit, now) = (self.source.ignore_older, self.clock.now());
        // Claimed all the same, so that their checkpoints stay theirs.
        files.retain(|((stat, _), _)| !stat.is_older_than(limit, now));
        match self.source.order {
            FileOrder::Oldest => files.sort_by(|((one, a), _), ((other, b), _)| {
                Stat::by_age((one, &a.path), (other, &b.path))
            }),
            FileOrder::Path => {}
        }
        for ((stat, _), _) in &files {
            self.progress.expect(stat.length);
        }
        for ((_, Found { path, head }), claim) in files {
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
            // About as many: most records are a line.
            self.progress.pass(from.line.saturating_sub(Place::START.line));
            return Ok((content, (from, Some(Trail::new(from, head, &tail)))));
        }
        // It was cut in this very moment.
        self.checkpoints.restart(claim.kept);
        let content = open::open(path, 0, &self.progress)?;
        let content = content.unwrap_or_else(|| Box::new(std::io::empty()));
        Ok((content, (Place::START, Some(Trail::new(Place::START, &[], &[])))))
    }
}
