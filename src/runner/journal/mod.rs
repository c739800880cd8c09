//! The journal of one sink on disk: what became of its events, for `courier-sink why`.
//!
//! Two files of at most half of `max_size` each: when one is full it takes the place of the older. A line is a note. It
//! is never waited for, and what a full disk does to it does nothing to delivery.

mod line;
mod read;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

pub use line::Line;
pub use read::{Life, find};

use super::check::Places;
use super::checkpoint::create_folder;
use crate::config::Config;
use crate::journal::{Note, Notes};

/// How many notes may wait to be written.
pub(super) const ROOM: usize = 65_536;

/// Writes notes to their file.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    half: u64,
    file: BufWriter<File>,
    size: u64,
}

/// The journal cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the journal {} cannot be opened: {error}", path.display())]
pub struct OpenError {
    path: PathBuf,
    error: io::Error,
}

/// The journals that the sinks of `config` keep.
pub fn journals(config: &Config) -> Vec<PathBuf> {
    let places = Places::new(config);
    let kept = config.sinks.iter().filter(|(_, sink)| sink.courier.journal.is_some());
    kept.map(|(name, _)| places.journal(name)).collect()
}

/// The two files of the journal at `path`.
pub(in crate::runner) fn files(path: &Path) -> [PathBuf; 2] {
    [path.to_owned(), older(path)]
}

/// Where the older half is.
fn older(path: &Path) -> PathBuf {
    path.with_extension("old.ndjson")
}

impl Writer {
    /// Opens the journal at `path`, and goes on behind what is there. Blocks on the disk.
    pub(super) fn open(path: &Path, max_size: u64) -> Result<Self, OpenError> {
        let failed = |error| OpenError { path: path.to_owned(), error };
        if let Some(folder) = path.parent() {
            create_folder(folder).map_err(failed)?;
        }
        let file = open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let file = BufWriter::new(file);
        Ok(Self { path: path.to_owned(), half: (max_size / 2).max(1), file, size })
    }

    /// Writes all notes until there will be no more. Blocks; for a thread of its own.
    pub(super) fn run(mut self, mut notes: Notes) {
        let (mut is_broken, mut missed) = (false, 0);
        while let Some(note) = notes.blocking_next() {
            let done = self.write_all(&note, &mut notes);
            if let Err(error) = &done
                && !is_broken
            {
                let path = self.path.display();
                tracing::warn!(%path, %error, "the journal cannot be written: `why` will not know of what happens now");
            }
            is_broken = done.is_err();
            if notes.missed() > missed {
                let count = notes.missed() - missed;
                missed = notes.missed();
                tracing::warn!(
                    count,
                    "the journal is slower than the sink: notes are missing in it"
                );
            }
        }
    }

    /// Writes `note` and all that wait behind it.
    fn write_all(&mut self, note: &Note, notes: &mut Notes) -> io::Result<()> {
        self.write(note)?;
        while let Some(note) = notes.next_now() {
            self.write(&note)?;
        }
        self.file.flush()
    }

    fn write(&mut self, note: &Note) -> io::Result<()> {
        let line = line::write(note);
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.size > 0 && self.size.saturating_add(length) > self.half {
            self.file.flush()?;
            std::fs::rename(&self.path, older(&self.path))?;
            self.file = BufWriter::new(open(&self.path)?);
            self.size = 0;
        }
        self.file.write_all(line.as_bytes())?;
        self.size = self.size.saturating_add(length);
        Ok(())
    }
}

/// Security: ids of events are personal data, so nobody else may read it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
