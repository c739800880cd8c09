//! Why a buffer on disk cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// A buffer cannot be opened, or not read. What is in it stays.
#[derive(Debug, thiserror::Error)]
pub enum BufferError {
    /// A file of it cannot be opened, read or written
    #[error("buffer {path} cannot be used: {error}")]
    Io {
        /// Which file
        path: PathBuf,
        /// Why
        error: io::Error,
    },
    /// Another process uses it
    #[error(
        "buffer {path} is in use: another process runs with the same `data_dir`, end it or choose another"
    )]
    InUse {
        /// Which file
        path: PathBuf,
    },
    /// It was damaged while it was open
    #[error(
        "buffer {path} is damaged: {problem}; the next start sets it aside and keeps what is whole"
    )]
    Damaged {
        /// Which file
        path: PathBuf,
        /// What is wrong
        problem: String,
    },
    /// The sink buffers in memory now, and records are left on disk
    #[error(
        "buffer {path} holds records of an earlier run, {records} in all: set `buffer.type = \"disk\"` until it is \
         empty, or remove the file to forget them"
    )]
    LeftBehind {
        /// Which file
        path: PathBuf,
        /// How many
        records: u64,
    },
    /// There is none
    #[error("{path} is neither a configuration nor a buffer")]
    NotABuffer {
        /// What is not
        path: PathBuf,
    },
}

impl BufferError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self::Io { path: path.to_owned(), error }
    }
}
