//! What became of the letters of a file that was put aside, on disk before the next are sent: so that whatever kills
//! a replay, what was delivered is not sent again.
//!
//! Letters are known by a hash of their line. Two equal lines are the same letter, written twice by a crash.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::aside::AsideError;
use super::file::{end_line, is_same};

/// What a letter is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct LetterId([u8; 32]);

/// The journal, locked: nobody else replays or drops letters of the same file.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
}

/// A letter that is done with, and the letters that stay in its place.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    letter: String,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    stays: Vec<&'a RawValue>,
}

impl LetterId {
    /// Of a line, its end left out.
    pub(super) fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line.trim_ascii()).into())
    }

    /// The first half of it.
    pub(super) fn short(self) -> u128 {
        let half = self.0.first_chunk::<16>();
        u128::from_be_bytes(*half.expect("SHA-256 gives 32 bytes"))
    }

    fn text(self) -> String {
        let (high, low) = (self.short(), self.0.last_chunk::<16>());
        let low = u128::from_be_bytes(*low.expect("SHA-256 gives 32 bytes"));
        format!("{high:032x}{low:032x}")
    }
}

impl Journal {
    /// Opens the journal at `path`, for this process alone. Blocks on the disk.
    pub(super) fn open(path: PathBuf) -> Result<Self, AsideError> {
        loop {
            let mut options = OpenOptions::new();
            options.read(true).append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let failed = |error| AsideError::failed(&path, error);
            let mut file = options.open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(AsideError::AtWork { path }),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // Whoever had it may have removed it meanwhile.
            if is_same(&file, &path) {
                end_line(&mut file).map_err(failed)?;
                return Ok(Self { file, path });
            }
        }
    }

    /// Notes the ends of letters, and waits until they are on disk. Blocks on the disk.
    pub(super) fn add(&mut self, ends: &[(LetterId, Vec<Vec<u8>>)]) -> io::Result<()> {
        let mut text = Vec::new();
        for (id, stays) in ends {
            let raw = |line: &'_ Vec<u8>| -> io::Result<Box<RawValue>> {
                Ok(serde_json::from_slice(line)?)
            };
            let stays = stays.iter().map(raw).collect::<io::Result<Vec<_>>>()?;
            let stays = stays.iter().map(|line| &**line).collect();
            serde_json::to_writer(&mut text, &Entry { letter: id.text(), stays })?;
            text.push(b'\n');
        }
        self.file.write_all(&text)?;
        self.file.sync_data()
    }

    /// The letters that are done with.
    pub(super) fn done(&self) -> io::Result<HashSet<String>> {
        let mut done = HashSet::new();
        read(&self.file, |entry| {
            done.insert(entry.letter);
            Ok(())
        })?;
        Ok(done)
    }

    /// Gives each letter that stays in the place of one that is done with, as a line without its end.
    pub(super) fn stays(&self, mut give: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        read(&self.file, |entry| entry.stays.iter().try_for_each(|line| give(line.get())))
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.sync_data()
    }

    /// Removes it.
    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// Whether the letter is among those done with.
pub(super) fn is_done(done: &HashSet<String>, id: LetterId) -> bool {
    done.contains(&id.text())
}

/// What a journal that may not be there says, for whoever only looks.
pub(super) fn look(path: &Path) -> io::Result<(HashSet<String>, Vec<String>)> {
    let (mut done, mut stays) = (HashSet::new(), Vec::new());
    match File::open(path) {
        Ok(file) => read(&file, |entry| {
            stays.extend(entry.stays.iter().map(|line| line.get().to_owned()));
            done.insert(entry.letter);
            Ok(())
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok((done, stays))
}

/// Reads all entries. A torn one, of a process that was killed, says nothing: its letter is not done with.
fn read(file: &File, mut give: impl FnMut(Entry<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut file = file;
    file.seek(SeekFrom::Start(0))?;
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        if let Ok(entry) = serde_json::from_slice(&line) {
            give(entry)?;
        }
        line.clear();
    }
    Ok(())
}
