//! Checkpoints on disk: one small JSON file, replaced whole or not at all.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::runner::source::framing::{Mark, Place, Shape, hash};

/// How far each file was done, by a number that has no meaning beyond one run.
pub(super) type Places = BTreeMap<u64, Saved>;

/// How far one file was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    /// Everything before it is done
    pub(super) reached: Reached,
    /// A hash of how the file began when it was first seen: ids are made of it
    pub(super) fingerprint: u128,
    /// What the file was called: for people
    pub(super) path: String,
}

/// A place in a file, and what the file must hold for it to be the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The place
    pub place: Place,
    /// What the file holds there
    pub mark: Mark,
}

impl Reached {
    /// The start of a file that begins with `head`.
    pub(super) fn start(head: &[u8]) -> Self {
        let head_bytes = u64::try_from(head.len()).unwrap_or(u64::MAX);
        Self { place: Place::START, mark: Mark { head_bytes, head: hash(head), tail: hash(&[]) } }
    }
}

/// The checkpoints cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Reading failed
    #[error("checkpoints {path} cannot be read: {error}")]
    Read {
        /// Which file
        path: PathBuf,
        /// Why
        error: io::Error,
    },
    /// What was read makes no sense
    #[error(
        "checkpoints {path} are damaged ({problem}): put back a good copy, or remove the file to read every file from \
         its start (events already delivered go out again)"
    )]
    Damaged {
        /// Which file
        path: PathBuf,
        /// Why
        problem: String,
    },
    /// What is there cannot be checkpoints
    #[error(
        "checkpoints {path} are too large: they may take {MAX_BYTES} bytes; remove the file if it is not theirs"
    )]
    TooLarge {
        /// Which file
        path: PathBuf,
    },
    /// Writing failed
    #[error("checkpoints {path} cannot be written: {error}")]
    Write {
        /// Which file
        path: PathBuf,
        /// Why
        error: io::Error,
    },
}

/// The file as written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    version: u32,
    files: Vec<RawPlace>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlace {
    path: String,
    offset: u64,
    line: u64,
    shape: String,
    fingerprint: String,
    head_bytes: u64,
    head: String,
    tail: String,
}

/// The version of the file's format.
const VERSION: u32 = 1;

/// Security: a checkpoint file larger than this is not ours; read whole it would take all memory.
const MAX_BYTES: u64 = 64 << 20;

/// Reads the checkpoints at `path`; none where there is no such file.
pub(super) fn read(path: &Path) -> Result<Places, CheckpointError> {
    let mut text = String::new();
    let opened =
        File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text));
    match opened {
        Ok(bytes) if u64::try_from(bytes).unwrap_or(u64::MAX) > MAX_BYTES => {
            return Err(CheckpointError::TooLarge { path: path.to_owned() });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Places::new()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(damaged(path, &"it is not text"));
        }
        Err(error) => {
            let path = path.to_owned();
            return Err(CheckpointError::Read { path, error });
        }
    }
    let raw: RawFile = serde_json::from_str(&text).map_err(|error| damaged(path, &error))?;
    if raw.version != VERSION {
        return Err(damaged(path, &format_args!("version {}, expected {VERSION}", raw.version)));
    }
    let number = |text: &str| {
        u128::from_str_radix(text, 16).map_err(|_| damaged(path, &format_args!("hash {text:?}")))
    };
    let saved = (0..).zip(raw.files).map(|(at, raw)| {
        let shape = Shape::parse(&raw.shape)
            .ok_or_else(|| damaged(path, &format_args!("shape {:?}", raw.shape)))?;
        let place = Place { offset: raw.offset, line: raw.line, shape };
        let (head, tail) = (number(&raw.head)?, number(&raw.tail)?);
        let mark = Mark { head_bytes: raw.head_bytes, head, tail };
        let fingerprint = number(&raw.fingerprint)?;
        Ok((at, Saved { reached: Reached { place, mark }, fingerprint, path: raw.path }))
    });
    saved.collect()
}

/// Writes the checkpoints to `path`: afterwards it holds either these or what it held before, whatever happens.
pub(super) fn write(path: &Path, places: &Places) -> Result<(), CheckpointError> {
    replace(path, places).map_err(|error| CheckpointError::Write { path: path.to_owned(), error })
}

fn replace(path: &Path, places: &Places) -> io::Result<()> {
    let hash = |hash: u128| format!("{hash:032x}");
    let files = places.values().map(|saved| {
        let Reached { place, mark } = saved.reached;
        RawPlace {
            path: saved.path.clone(),
            offset: place.offset,
            line: place.line,
            shape: place.shape.as_str().to_owned(),
            fingerprint: hash(saved.fingerprint),
            head_bytes: mark.head_bytes,
            head: hash(mark.head),
            tail: hash(mark.tail),
        }
    });
    let raw = RawFile { version: VERSION, files: files.collect() };
    let folder = path.parent().unwrap_or(Path::new("."));
    create_folder(folder)?;
    // A temporary file is created with mode 0600, and keeps it when it takes the name.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, &raw)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The new name is on disk only once the folder is.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Creates `folder` and what is missing above it, for nobody else to look into.
pub(in crate::runner) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn damaged(path: &Path, problem: &dyn std::fmt::Display) -> CheckpointError {
    CheckpointError::Damaged { path: path.to_owned(), problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let place = Place { offset: 10, line: 2, shape: Shape::Array };
        let reached = Reached { place, ..Reached::start(b"[") };
        let path = "a.json".to_owned();
        Places::from([(0, Saved { reached, fingerprint: 7, path })])
    }

    #[test]
    fn what_was_written_is_read_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("files/checkpoints.json");
        assert_eq!(read(&path).unwrap(), Places::new());
        write(&path, &Places::new()).unwrap();
        write(&path, &places()).unwrap();
        assert_eq!(read(&path).unwrap(), places());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(path.parent().unwrap()), 0o700);
        }
        assert_eq!(path.parent().unwrap().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_a_fresh_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoints.json");
        write(&path, &places()).unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        let half = good.get(..good.len() / 2).unwrap().to_owned();
        for bad in [
            String::new(),
            half,
            good.replace("\"version\": 1", "\"version\": 9"),
            good.replace("array", "heap"),
            good.replace("0007", "000z"),
        ] {
            std::fs::write(&path, &bad).unwrap();
            let error = read(&path).unwrap_err();
            assert!(error.to_string().contains("are damaged"), "{error}");
        }
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(matches!(read(&path), Err(CheckpointError::TooLarge { .. })));
        std::fs::write(&path, b"\xff").unwrap();
        assert!(matches!(read(&path), Err(CheckpointError::Damaged { .. })));
    }
}
