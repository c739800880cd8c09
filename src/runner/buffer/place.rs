//! Where a buffer is: its files, its id, and the lock that keeps other processes out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::BufferError;
use super::frame::Id;
use crate::runner::checkpoint::create_folder;

/// A folder with a buffer in it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: PathBuf,
}

/// The lock on a buffer, held as long as it lives. The file holds the buffer's id, which a damaged buffer could not tell.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Place {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The records.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("buffer.redb")
    }

    /// What was salvaged, until it takes the place of the records.
    pub(super) fn salvaged(&self) -> PathBuf {
        self.folder.join("buffer.salvaged")
    }

    pub(super) fn lock_file(&self) -> PathBuf {
        self.folder.join("buffer.lock")
    }

    /// Where a damaged store is put: the first such name that is free.
    pub(super) fn aside(&self) -> PathBuf {
        let names = (1_u32..).map(|number| self.folder.join(format!("buffer.corrupt-{number}")));
        let mut free = names.filter(|path| !path.exists());
        free.next().unwrap_or_else(|| self.folder.join("buffer.corrupt"))
    }

    /// Makes the folder, and keeps all other processes out. Blocks on the disk.
    pub(super) fn lock(&self) -> Result<Lock, BufferError> {
        let path = self.lock_file();
        create_folder(&self.folder).map_err(BufferError::io(&self.folder))?;
        let file = private().create(true).open(&path).map_err(BufferError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => Err(BufferError::InUse { path: self.store() }),
            Err(TryLockError::Error(error)) => Err(BufferError::Io { path, error }),
        }
    }

    /// The id, without the lock; and whether a process has that.
    pub(super) fn peek(&self) -> io::Result<(Option<Id>, bool)> {
        let mut file = match File::open(self.lock_file()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((None, false)),
            Err(error) => return Err(error),
        };
        let id = read_id(&mut file)?;
        let is_in_use = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        Ok((id, is_in_use))
    }

    /// Makes sure that new names in the folder are on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        if cfg!(unix) { File::open(&self.folder)?.sync_all() } else { Ok(()) }
    }
}

impl Lock {
    /// The id that is noted.
    pub(super) fn id(&mut self) -> io::Result<Option<Id>> {
        read_id(&mut self.file)
    }

    /// Notes the id of a buffer that is about to be made.
    pub(super) fn note(&mut self, id: Id) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "{:016x}", id.0)?;
        self.file.sync_all()
    }
}

/// Security: whole events are personal data, so no file of a buffer may be read by others.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn read_id(file: &mut File) -> io::Result<Option<Id>> {
    let mut text = String::new();
    file.rewind()?;
    match file.take(64).read_to_string(&mut text) {
        Ok(_) => Ok(u64::from_str_radix(text.trim(), 16).ok().map(Id)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}
