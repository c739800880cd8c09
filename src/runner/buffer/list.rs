//! What is in a buffer, for people: read from its file, which is not changed, whether or not a process runs with it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::BufferError;
use super::frame::{Content, Id};
use super::place::Place;
use super::survey::{Spot, Survey};
use crate::clock::Time;
use crate::event::Origin;
use crate::sink::Payload;

/// A buffer as it is at this moment.
#[derive(Debug)]
pub struct Listing {
    /// Records that have not ended
    pub left: u64,
    /// Of those, how many are damaged or gone
    pub damaged: u64,
    /// Bytes of the records that are whole, each with its frame
    pub bytes: u64,
    /// Length of the file. Parts of it may be holes, or pages that are free.
    pub file_bytes: u64,
    /// When the oldest record came in
    pub oldest: Option<Time>,
    /// Whether a process uses it now
    pub is_in_use: bool,
    file: File,
    id: Id,
    spots: Vec<(Spot, bool)>,
}

/// One record of a buffer.
#[derive(Debug)]
pub struct Entry {
    /// Its place in the order
    pub sequence: u64,
    /// When it came in
    pub at: Time,
    /// What it takes, with its frame
    pub bytes: usize,
    /// Whether it can be delivered
    pub state: EntryState,
    /// Where it is from; nothing where it is damaged
    pub origin: Option<Origin>,
    /// What it holds; nothing where it is damaged
    pub payload: Option<Bytes>,
}

/// Whether a record can be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// It waits for its end
    Waiting,
    /// Its source could not read it: it will become a dead letter
    Unreadable,
    /// It is not as it was written
    Damaged,
}

impl EntryState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Unreadable => "unreadable",
            Self::Damaged => "damaged",
        }
    }
}

/// The file of the buffer in `folder`, whether there is one or not. Of a salvage that was interrupted when the damaged file
/// was set aside already, what was kept.
pub fn file_in(folder: &Path) -> PathBuf {
    let place = Place::new(folder);
    let (store, salvaged) = (place.store(), place.salvaged());
    if !store.exists() && salvaged.exists() { salvaged } else { store }
}

/// The files that a buffer in `folder` always has.
pub(in crate::runner) fn files_in(folder: &Path) -> [PathBuf; 2] {
    let place = Place::new(folder);
    [place.store(), place.lock_file()]
}

/// Whether there is no buffer whose file would be at `path`, nor a trace of one: no run has made it yet.
pub fn is_none_yet(path: &Path) -> bool {
    let place = Place::new(path.parent().unwrap_or(Path::new("")));
    // What cannot be looked at is no proof that nothing is there.
    let is_absent = |path: &Path| matches!(path.try_exists(), Ok(false));
    is_absent(path) && is_absent(&place.lock_file())
}

/// Whether the file at `path` is a buffer's, judged by its name, since a damaged one has nothing else to go by.
pub fn is_file_of_a_buffer(path: &Path) -> io::Result<bool> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_named = matches!(name, "buffer.redb" | "buffer.salvaged");
    let is_named = is_named || name.starts_with("buffer.corrupt-");
    Ok(is_named && path.metadata()?.is_file())
}

/// Looks at the buffer whose file is at `path`, also one that was set aside. Blocks on the disk.
pub fn list(path: &Path) -> Result<Listing, BufferError> {
    let failed = |error: io::Error| BufferError::Io { path: path.to_owned(), error };
    let file = File::open(path).map_err(failed)?;
    let file_bytes = file.metadata().map_err(failed)?.len();
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let place = Place::new(folder);
    let (id, is_locked) = place.peek().map_err(failed)?;
    let Some(id) = id else {
        return Err(BufferError::NotABuffer { path: path.to_owned() });
    };
    let survey = Survey::of(file.try_clone().map_err(failed)?, id).map_err(failed)?;
    let next = survey.ledger.as_ref().map_or(u64::MAX, super::ledger::Ledger::next);
    let whole: Vec<_> =
        survey.whole.into_iter().filter(|spot| spot.header.sequence < next).collect();
    let bytes = whole.iter().map(|spot| u64::try_from(spot.header.bytes).unwrap_or(u64::MAX)).sum();
    let count = u64::try_from(whole.len()).unwrap_or(u64::MAX);
    let oldest = whole.iter().map(|spot| spot.header.at).min();
    let damaged = survey.damaged.into_iter().map(|spot| (spot, false));
    let mut spots: Vec<_> = whole.into_iter().map(|spot| (spot, true)).chain(damaged).collect();
    spots.sort_by_key(|(spot, _)| spot.header.sequence);
    Ok(Listing {
        left: count.saturating_add(survey.lost),
        damaged: survey.lost,
        bytes,
        file_bytes,
        oldest,
        is_in_use: is_locked && path == place.store(),
        file,
        id,
        spots,
    })
}

impl Listing {
    /// Gives each record to `tell`, in their order. One that a running process has finished with meanwhile may be missing.
    pub fn each(&mut self, mut tell: impl FnMut(Entry)) -> io::Result<()> {
        for (spot, is_whole) in &self.spots {
            let content = if *is_whole { spot.read(&mut self.file, self.id)? } else { None };
            let (state, origin, payload) = match content {
                Some(Content::Record { payload: Payload::Bytes(bytes), origin }) => {
                    (EntryState::Waiting, Some(origin), Some(bytes))
                }
                Some(Content::Record { payload: Payload::Unreadable { bytes, .. }, origin }) => {
                    (EntryState::Unreadable, Some(origin), Some(bytes))
                }
                Some(Content::Ledger(_)) | None if *is_whole => continue,
                Some(Content::Ledger(_)) | None => (EntryState::Damaged, None, None),
            };
            tell(Entry {
                sequence: spot.header.sequence,
                at: spot.header.at,
                bytes: spot.header.bytes,
                state,
                origin,
                payload,
            });
        }
        Ok(())
    }
}
