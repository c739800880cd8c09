//! A file of letters, put aside so that nobody writes to it, and what is left of it put back.
//!
//! `FILE` is renamed to `FILE.replaying`; a sink that runs begins another `FILE` and lets its lock on the old one go,
//! which is waited for. What becomes of each letter is noted in `FILE.replayed`. In the end all that stays is appended
//! to `FILE`, and only then are the other two removed. Whatever kills the process, the next one puts back first what
//! was not done with: no step destroys what the one before did not have on disk.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::file::end_line;
use super::journal::{Journal, LetterId, is_done};
use super::letter::{Letter, lines};

/// Letters cannot be put aside or back. Nothing is lost: the next command that changes the file goes on.
#[derive(Debug, thiserror::Error)]
pub enum AsideError {
    /// There is no such file
    #[error("{path}: there is no such file of dead letters")]
    Missing {
        /// Which
        path: PathBuf,
    },
    /// Not one of its lines is a letter
    #[error(
        "{path}: none of its lines is a dead letter, so it is another kind of file and is let be"
    )]
    NoLetters {
        /// Which
        path: PathBuf,
    },
    /// Somebody else replays or drops
    #[error("{path}: another process replays or drops letters of the same file, wait for its end")]
    AtWork {
        /// The journal it holds
        path: PathBuf,
    },
    /// A sink does not let go
    #[error(
        "{path}: a process still writes to it after {} s, end that process; the next `replay` or `drop` puts the \
         letters back first",
        LONGEST_WAIT.as_secs()
    )]
    Held {
        /// The file put aside
        path: PathBuf,
    },
    /// The disk
    #[error("{path}: {error}")]
    Failed {
        /// Which file
        path: PathBuf,
        /// Why
        error: io::Error,
    },
}

/// A file put aside, for this process alone.
#[derive(Debug)]
pub(super) struct Aside {
    path: PathBuf,
    journal: Journal,
    lock: File,
}

/// How long a sink may take to begin another file. It looks four times a second.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// How many links are followed before there must be a circle.
const MOST_LINKS: usize = 16;

/// How much is put back in one write: a sink that appends at the same moment waits no longer.
const PIECE_BYTES: usize = 1 << 20;

impl AsideError {
    pub(super) fn failed(path: &Path, error: io::Error) -> Self {
        Self::Failed { path: path.to_owned(), error }
    }
}

/// Where the file at `path` is put aside.
pub(super) fn aside(path: &Path) -> PathBuf {
    with_suffix(path, ".replaying")
}

/// Where the journal of the file at `path` is.
pub(super) fn journal(path: &Path) -> PathBuf {
    with_suffix(path, ".replayed")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Aside {
    /// Puts the file at `path` aside, after what an interrupted command left was put back. Dropping the future leaves
    /// that to the next one. Blocks on the disk.
    pub(super) async fn take(path: &Path) -> Result<Self, AsideError> {
        let path = &resolve(path);
        let (old, notes) = (aside(path), journal(path));
        if !path.is_file() && !old.is_file() {
            return Err(AsideError::Missing { path: path.to_owned() });
        }
        let failed = |error| AsideError::failed(path, error);
        if path.is_file() && is_strange(path).map_err(failed)? {
            return Err(AsideError::NoLetters { path: path.to_owned() });
        }
        let mut journal = Journal::open(notes.clone())?;
        if old.exists() {
            tracing::info!(path = %old.display(), "an interrupted replay is picked up again");
            let left = Self { path: path.to_owned(), journal, lock: lock(&old).await? };
            left.put_back()?;
            journal = Journal::open(notes)?;
        }
        // What it says is of another file, if that file is gone.
        journal.clear().map_err(failed)?;
        match std::fs::rename(path, &old) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Nothing was left to put back.
                journal.remove().map_err(failed)?;
                return Err(AsideError::Missing { path: path.to_owned() });
            }
            renamed => renamed.map_err(failed)?,
        }

        sync_folder(path).map_err(failed)?;
        let lock = lock(&old).await?;
        Ok(Self { path: path.to_owned(), journal, lock })
    }

    /// The file put aside, which nobody changes any more.
    pub(super) fn open(&self) -> Result<File, AsideError> {
        let path = aside(&self.path);
        File::open(&path).map_err(|error| AsideError::failed(&path, error))
    }

    /// Notes the ends of letters, and what stays in their place. Blocks on the disk.
    pub(super) fn note(&mut self, ends: &[(LetterId, Vec<Vec<u8>>)]) -> io::Result<()> {
        self.journal.add(ends)
    }

    /// Puts back all that was not done with, and ends. Gives how many letters that were. Blocks on the disk.
    pub(super) fn put_back(self) -> Result<u64, AsideError> {
        let path = self.path.clone();
        self.try_put_back().map_err(|error| AsideError::failed(&path, error))
    }

    fn try_put_back(self) -> io::Result<u64> {
        let old = aside(&self.path);
        let done = self.journal.done()?;
        let mut back = Back::open(&self.path)?;
        for line in lines(File::open(&old)?) {
            let line = line?;
            if !is_done(&done, LetterId::of(&line)) {
                back.add(&line)?;
            }
        }
        self.journal.stays(|line| back.add(line.as_bytes()))?;
        let count = back.finish()?;
        sync_folder(&self.path)?;
        // First the letters, then the notes: these alone are nothing, those alone would all be sent again.
        std::fs::remove_file(&old)?;
        sync_folder(&self.path)?;
        self.journal.remove()?;
        drop(self.lock);
        Ok(count)
    }
}

/// The file at its place, to which what stays is appended. A sink may do so too: each write is of whole lines.
struct Back {
    file: File,
    piece: Vec<u8>,
    there: HashSet<LetterId>,
    count: u64,
}

impl Back {
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        end_line(&mut file)?;
        // What a process put back before it was killed is there already.
        let there = lines(File::open(path)?).map(|line| Ok(LetterId::of(&line?)));
        let there = there.collect::<io::Result<_>>()?;
        Ok(Self { file, piece: Vec::new(), there, count: 0 })
    }

    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        self.count += 1;
        if !self.there.insert(LetterId::of(line)) {
            return Ok(());
        }
        self.piece.extend_from_slice(line.trim_ascii());
        self.piece.push(b'\n');
        if self.piece.len() >= PIECE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&std::mem::take(&mut self.piece))
    }

    fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.sync_all()?;
        Ok(self.count)
    }
}

/// Whether the file at `path` holds nothing, and nothing of it was put aside. Blocks on the disk.
pub(super) fn is_empty(path: &Path) -> Result<bool, AsideError> {
    let path = &resolve(path);
    if !path.is_file() || aside(path).exists() {
        return Ok(false);
    }
    let first = File::open(path).and_then(|file| lines(file).next().transpose());
    Ok(first.map_err(|error| AsideError::failed(path, error))?.is_none())
}

/// Whether there are lines and none is a letter: whoever mistypes a name must not lose another file to `drop`.
fn is_strange(path: &Path) -> io::Result<bool> {
    let mut is_strange = false;
    for line in lines(File::open(path)?) {
        if !Letter::parse(0, line?).is_damaged() {
            return Ok(false);
        }
        is_strange = true;
    }
    Ok(is_strange)
}

/// Waits until no process has the file at `path` locked, and locks it.
async fn lock(path: &Path) -> Result<File, AsideError> {
    let failed = |error| AsideError::failed(path, error);
    let file = File::open(path).map_err(failed)?;
    let until = Instant::now() + LONGEST_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(ASK_EVERY).await,
            Err(TryLockError::WouldBlock) => {
                return Err(AsideError::Held { path: path.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

/// Where a path leads, links of the last part followed: it is the file that is put aside and not the link.
pub(super) fn resolve(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// A new name is on disk only once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
