//! Reads the files of one source, one after the other, each from its checkpoint to its end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::feed::{Feed, Input, Stopped};
use super::framing::Place;
use super::open::{self, Content};
use super::{Progress, SourceError, paths};
use crate::runner::checkpoint::Checkpoints;

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
        for problem in problems {
            feed.problem(problem)?;
        }
        let mut files = Vec::new();
        for path in paths {
            match open::fingerprint(&path) {
                Ok(Some(fingerprint)) => files.push((path, fingerprint)),
                Ok(None) => tracing::debug!(path = %path.display(), "file is empty"),
                Err(error) => feed.problem(SourceError::Open { path, error })?,
            }
        }
        tell_apart(&mut files);
        for (path, _) in &files {
            self.progress.expect(path.metadata().map_or(0, |it| it.len()));
        }
        for (path, fingerprint) in files {
            match self.open(&path, fingerprint) {
                Ok((content, from)) => {
                    let input = Arc::new(Input {
                        name: path.to_string_lossy().into(),
                        fingerprint: Some(fingerprint),
                    });
                    feed.read(&input, content, from, self.max_bytes)?;
                }
                Err(error) => feed.problem(SourceError::Open { path, error })?,
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path, fingerprint: u128) -> std::io::Result<(Content, Place)> {
        let from = self.checkpoints.start(fingerprint);
        if let Some(content) = open::open(path, from.offset, &self.progress)? {
            return Ok((content, from));
        }
        tracing::warn!(
            path = %path.display(),
            checkpoint = from.offset,
            "file is shorter than what was already read of it: it is read from its start"
        );
        self.checkpoints.forget(fingerprint);
        let content = open::open(path, 0, &self.progress)?;
        Ok((content.unwrap_or_else(|| Box::new(std::io::empty())), Place::START))
    }
}

/// Gives files that begin with the same line fingerprints of their own, made with their paths.
fn tell_apart(files: &mut [(PathBuf, u128)]) {
    let mut count = HashMap::new();
    for (_, fingerprint) in files.iter() {
        *count.entry(*fingerprint).or_insert(0_usize) += 1;
    }
    for (path, fingerprint) in files {
        if count.get(fingerprint).is_some_and(|count| *count > 1) {
            tracing::warn!(
                path = %path.display(),
                "file begins with the same line as another: all are read, and should one be renamed it is read again"
            );
            *fingerprint = open::with_path(*fingerprint, path);
        }
    }
}
