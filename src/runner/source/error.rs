//! Why an input, or part of one, could not be read.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::http_server::KeysFileError;
use crate::transport::TlsError;

/// One thing that could not be read. What was read before is kept, and reading goes on with the next file.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A glob that is none
    #[error("`{pattern}` cannot be used as a glob: {error}")]
    Pattern {
        /// As configured
        pattern: String,
        /// Why not
        error: glob::PatternError,
    },
    /// Nothing to read
    #[error("no file matches `{pattern}`")]
    NoMatch {
        /// As configured
        pattern: String,
    },
    /// A file or folder that cannot be opened
    #[error("cannot open {}: {error}", path.display())]
    Open {
        /// Which one
        path: PathBuf,
        /// Why
        error: io::Error,
    },
    /// An input that breaks off
    #[error("cannot read {name} beyond line {line}: {error}")]
    Read {
        /// Which one
        name: String,
        /// The line of the first record that could not be read whole
        line: u64,
        /// Why
        error: io::Error,
    },
    /// A file that ends within a record
    #[error(
        "{name} breaks off within the record that begins on line {line}: it is left unread until it is whole, or a \
         line break ends its line"
    )]
    OpenRecord {
        /// Which one
        name: String,
        /// Where the record begins
        line: u64,
    },
    /// An array that is not closed
    #[error(
        "{name} breaks off before the `]` of its array: what is whole of it is read, the rest once it is there"
    )]
    OpenArray {
        /// Which one
        name: String,
    },
    /// A file that does not hold any more what was to be read again
    #[error(
        "{name} was cut off, written anew or taken away before what was not delivered of it, from line {line} on, was read \
         again: that is lost, unless a copy of the file matches the globs"
    )]
    Lost {
        /// Which one
        name: String,
        /// Behind what was done
        line: u64,
    },
    /// An address that cannot be listened on
    #[error("sources.{name}: cannot listen on {address}: {error}")]
    Listen {
        /// The source
        name: String,
        /// Where
        address: SocketAddr,
        /// Why not
        error: io::Error,
    },
    /// Certificate files that cannot be used
    #[error("sources.{name}: {error}")]
    Tls {
        /// The source
        name: String,
        /// Why not
        error: TlsError,
    },
    /// Write keys that cannot be used
    #[error("sources.{name}: {error}")]
    WriteKeys {
        /// The source
        name: String,
        /// Why not
        error: KeysFileError,
    },
    /// No thread could be started to read in
    #[error("cannot start to read: {0}")]
    Start(io::Error),
}

impl SourceError {
    /// Whether it is only that a pattern, rather than a name, matches nothing.
    pub(in crate::runner) fn is_idle_glob(&self) -> bool {
        matches!(self, Self::NoMatch { pattern } if pattern.contains(['*', '?', '[']))
    }
}
