//! Where what a followed file holds comes from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::runner::source::framing::{HEAD_BYTES, TAIL_BYTES, hash};
use crate::runner::source::open;

/// The content of a followed file.
pub(super) enum Content {
    /// To be read as far as it goes, now and later
    Plain(File),
    /// To be read
    Packed,
    /// Packed, and read to its end
    Read,
    /// No more what was read
    Lost,
}

impl Content {
    /// Of the file at `path`.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        if open::is_gzip(path) { Ok(Self::Packed) } else { Ok(Self::Plain(File::open(path)?)) }
    }
}

/// How a content begins, and what it holds before `offset`, so that it can be read from there; nothing where it is shorter,
/// or not there any more.
pub(super) fn head_and_tail(
    content: &mut Content,
    path: &Path,
    offset: u64,
) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    match content {
        Content::Plain(file) => {
            let mut head = Vec::new();
            file.rewind()?;
            let length = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
            file.by_ref().take(length).read_to_end(&mut head)?;
            Ok(Some((head, bytes_before(file, offset)?)))
        }
        Content::Packed | Content::Read => {
            let Some(tail) = open::tail(path, offset)? else { return Ok(None) };
            Ok(Some((open::head(path)?, tail)))
        }
        Content::Lost => Ok(None),
    }
}

/// The hash of what `file` holds before `offset`, as much of it as a mark covers.
pub(super) fn tail_before(file: &mut File, offset: u64) -> io::Result<u128> {
    bytes_before(file, offset).map(|tail| hash(&tail))
}

/// Whether `file` still holds before `offset` what `tail` is the hash of; it is then read on at `next`.
pub(super) fn holds_before(
    file: &mut File,
    offset: u64,
    tail: u128,
    next: u64,
) -> io::Result<bool> {
    let is_there = tail_before(file, offset)? == tail;
    file.seek(SeekFrom::Start(next))?;
    Ok(is_there)
}

fn bytes_before(file: &mut File, offset: u64) -> io::Result<Vec<u8>> {
    let length = u64::try_from(TAIL_BYTES).map_or(offset, |most| offset.min(most));
    file.seek(SeekFrom::Start(offset - length))?;
    let mut tail = Vec::new();
    file.take(length).read_to_end(&mut tail)?;
    Ok(tail)
}
