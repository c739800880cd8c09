//! The file the letters are in: opened for nobody else to read, whole lines only, on disk before anyone is told.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::runner::checkpoint::create_folder;

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Opening failed
    #[error("dead letters {path} cannot be opened: {error}")]
    Open {
        /// Which file
        path: PathBuf,
        /// Why
        error: io::Error,
    },
    /// Others may read it
    #[error(
        "dead letters {path} may be read by others (mode {mode:o}), and they hold personal data: `chmod 600` the file"
    )]
    Exposed {
        /// Which file
        path: PathBuf,
        /// Its permissions
        mode: u32,
    },
    /// Letters would vanish in it, or wait for a reader
    #[error(
        "dead letters {path} are no file, and nothing would be kept: choose another `dead_letter.path`"
    )]
    NotAFile {
        /// What is not
        path: PathBuf,
    },
    /// Another process or sink writes to it
    #[error(
        "dead letters {path} are in use: another process, or another sink, keeps its own there, end it or choose \
         another `data_dir` or `dead_letter.path`"
    )]
    InUse {
        /// Which file
        path: PathBuf,
    },
}

/// An open file that ends with a whole line.
#[derive(Debug)]
pub(super) struct LetterFile {
    file: File,
    path: PathBuf,
}

impl LetterFile {
    /// Opens the file at `path` and creates it where there is none. Blocks on the disk.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Open { path: path.to_owned(), error };
        if let Some(folder) = path.parent() {
            create_folder(folder).map_err(failed)?;
        }
        // Asked before it is opened: a named pipe waits for a reader there.
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(OpenError::NotAFile { path: path.to_owned() });
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        // Security: dead letters hold whole events, which are personal data.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let metadata = file.metadata().map_err(failed)?;
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                let path = path.to_owned();
                return Err(OpenError::Exposed { path, mode });
            }
        }
        // Two processes would also overwrite each other's checkpoints.
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.to_owned();
                return Err(OpenError::InUse { path });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        end_line(&mut file).map_err(failed)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Whether the path still leads to this file. It does not once a replay has put the file aside.
    pub(super) fn is_current(&self) -> bool {
        is_same(&self.file, &self.path)
    }

    /// Appends `lines` and waits until they are on disk. After an error none of them is in the file, if that can be
    /// had at all: a replay that puts letters back may append at the same moment, and its lines are never cut off.
    /// Blocks on the disk.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let before = self.file.metadata()?.len();
        let (written, appended) = write(&mut self.file, lines);
        let appended = appended.and_then(|()| self.file.sync_data());
        if appended.is_err() && self.file.metadata()?.len() == before.saturating_add(written) {
            // Half a line would make the next one unreadable too.
            self.file.set_len(before)?;
        }
        appended
    }
}

/// Whether `path` leads to `file`. Anything that is not a plain file is never put aside.
#[cfg(unix)]
pub(super) fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(own) = file.metadata() else { return true };
    let other = path.metadata();
    !own.is_file() || other.is_ok_and(|it| (it.dev(), it.ino()) == (own.dev(), own.ino()))
}

/// Whether `path` leads to `file`: elsewhere an open file cannot be put aside.
#[cfg(not(unix))]
pub(super) fn is_same(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// Writes all of `bytes`, if that can be had; tells how many were.
fn write(file: &mut File, bytes: &[u8]) -> (u64, io::Result<()>) {
    let mut left = bytes;
    let written = |left: &[u8]| u64::try_from(bytes.len() - left.len()).unwrap_or(u64::MAX);
    while !left.is_empty() {
        match file.write(left) {
            Ok(0) => return (written(left), Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => left = left.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written(left), Err(error)),
        }
    }
    (written(left), Ok(()))
}

/// Ends a line that a crash left torn.
pub(super) fn end_line(file: &mut File) -> io::Result<()> {
    let Some(last) = file.metadata()?.len().checked_sub(1) else {
        return Ok(());
    };
    let mut byte = [0];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut byte)?;
    if byte == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_behind_what_is_there_even_if_it_was_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sink/dead-letters.ndjson");
        LetterFile::open(&path).unwrap().append(b"1\n{\"to").unwrap();
        LetterFile::open(&path).unwrap().append(b"2\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n{\"to\n2\n");
    }

    #[test]
    fn a_file_in_use_is_refused_until_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.ndjson");
        let open = LetterFile::open(&path).unwrap();
        assert!(matches!(LetterFile::open(&path), Err(OpenError::InUse { .. })));
        drop(open);
        LetterFile::open(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_keeps_nothing_and_is_refused() {
        for path in ["/dev/null", "/"] {
            let error = LetterFile::open(Path::new(path)).unwrap_err();
            assert!(matches!(error, OpenError::NotAFile { .. }), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused_and_a_new_one_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.ndjson");
        LetterFile::open(&path).unwrap();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let error = LetterFile::open(&path).unwrap_err().to_string();
        assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
    }
}
