//! What a file holds, as far as it takes to tell whether another one holds the same. Looks into files, and so blocks.

use std::io;
use std::path::{Path, PathBuf};

use crate::runner::source::framing::{HEAD_BYTES, Mark};
use crate::runner::source::open;

/// A file that was looked into.
pub(super) struct Look {
    pub(super) path: PathBuf,
    /// How its content begins, as much of it as a mark covers
    pub(super) head: Vec<u8>,
    /// How long its content is; `None` where it breaks off
    pub(super) length: Option<u64>,
}

impl Look {
    /// Looks into a file. An error also where its content breaks off.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let length = Some(open::length(path)?);
        Ok(Self { length, ..Self::of_broken(path)? })
    }

    /// Looks into a file whose content breaks off.
    pub(super) fn of_broken(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), head: open::head(path)?, length: None })
    }

    /// Whether it holds what was read of some file up to `offset`, where `mark` is of that.
    pub(super) fn holds(&self, mark: Mark, offset: u64) -> bool {
        offset > 0 && tail(&self.path, offset).is_some_and(|tail| mark.is_of(&self.head, &tail))
    }

    /// Whether all of it is the start of `other`, and no accident: two writers may well begin with the same short line,
    /// and what comes in the place of a rotated file with what that one began with.
    pub(super) fn is_copy_of(&self, other: &Self) -> bool {
        let (Some(length), Some(other_length)) = (self.length, other.length) else { return false };
        length <= other_length
            && !is_named_after(&other.path, &self.path)
            && (self.head.len() == HEAD_BYTES || is_named_after(&self.path, &other.path))
            && other.head.starts_with(&self.head)
            && tail(&self.path, length).is_some_and(|it| tail(&other.path, length) == Some(it))
    }
}

/// Whether a file is called what rotation calls it: `app.log.1` or `app.log.gz` after `app.log`.
fn is_named_after(path: &Path, other: &Path) -> bool {
    let names = path.file_name().zip(other.file_name());
    names.is_some_and(|(name, other)| name.as_encoded_bytes().starts_with(other.as_encoded_bytes()))
}

/// What cannot be read is not the same as anything: whoever reads it next runs into that, and tells.
fn tail(path: &Path, offset: u64) -> Option<Vec<u8>> {
    open::tail(path, offset).ok().flatten()
}
