//! What is known of a file without looking into it: which one it is, how long, when it was written to.

use std::cmp::Ordering;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::clock::Time;

/// What the file system says of a file. Blocks on the disk to make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// Tells files apart while they are there; one that is held open keeps it to itself
    pub(super) id: Id,
    /// Bytes on disk
    pub(super) length: u64,
    /// When it was last written to, since the Unix epoch; zero where that is not known
    pub(super) modified: Duration,
    created: Duration,
    /// Whether it is a file, and not a folder, a pipe or a device
    pub(super) is_file: bool,
}

/// Which file it is, whatever it is called.
#[cfg(unix)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id {
    device: u64,
    inode: u64,
}

/// Which file it is; where nothing better is known, a file that is renamed is another one, known again by its content.
#[cfg(not(unix))]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id {
    path: std::path::PathBuf,
    created: Duration,
}

impl Stat {
    /// Of the file at `path`.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from(path, &path.metadata()?))
    }

    /// Of a file that is at `path`, or was.
    #[cfg_attr(unix, expect(unused_variables, reason = "here a file is known by its inode"))]
    pub(super) fn from(path: &Path, metadata: &Metadata) -> Self {
        // Before 1970, or not known: old.
        let created = metadata.created().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
        let modified = metadata.modified().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
        let (created, modified) = (created.unwrap_or_default(), modified.unwrap_or_default());
        #[cfg(unix)]
        let id = {
            use std::os::unix::fs::MetadataExt;
            Id { device: metadata.dev(), inode: metadata.ino() }
        };
        #[cfg(not(unix))]
        let id = Id { path: path.to_owned(), created };
        Self { id, length: metadata.len(), modified, created, is_file: metadata.is_file() }
    }

    /// Whether it was not written to for longer than `limit`.
    pub(super) fn is_older_than(&self, limit: Option<Duration>, now: Time) -> bool {
        limit.is_some_and(|limit| self.modified + limit < now.since_epoch())
    }

    /// Which of two files was written to longer ago; where that was at the same time, as a file system counts it, which
    /// is there for longer, or else is called what rotation calls the older one: `log.1`, `log`.
    pub(super) fn by_age(
        (one, path): (&Self, &Path),
        (other, other_path): (&Self, &Path),
    ) -> Ordering {
        let name = |path: &Path| {
            let bytes: Vec<u8> = path.as_os_str().as_encoded_bytes().to_vec();
            // The end of a name comes last.
            bytes.into_iter().map(u16::from).chain([u16::MAX])
        };
        (one.modified, one.created)
            .cmp(&(other.modified, other.created))
            .then_with(|| name(path).cmp(name(other_path)))
    }
}
