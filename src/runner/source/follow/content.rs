//! Where what a followed file holds comes from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::runner::source::framing::{TAIL_BYTES, hash};
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

/// The hash of what `file` holds before `offset`, as much of it as a mark covers.
pub(super) fn tail_before(file: &mut File, offset: u64) -> io::Result<u128> {
    let length = u64::try_from(TAIL_BYTES).map_or(offset, |most| offset.min(most));
    file.seek(SeekFrom::Start(offset - length))?;
    let mut tail = Vec::new();
    file.take(length).read_to_end(&mut tail)?;
    Ok(hash(&tail))
}
