//! How far a source's files are done, kept so that a restart goes on there.
//!
//! In: the records as they are read, and their ends. Out: a small file in the source's data folder, written by whoever
//! calls [`Checkpoints::save`]. A checkpoint never passes a record that is Errored or has not ended.

mod back;
mod claim;
mod state;
mod store;
mod tracker;
mod turn;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub use claim::{Found, TailOf};
use state::{File, State};
use store::Saved;
pub(super) use store::create_folder;
pub use store::{CheckpointError, Reached};
use tracker::{Begun, Tracker};
use turn::Turn;

use super::source::framing::{Place, hash};
use crate::finalization::{Done, EventFinalizer, EventStatus};

/// Whether a checkpoint waits for the end of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// It stops before the first record that is not Delivered or Rejected
    Acknowledgements,
    /// It follows reading: what is under way when the process dies is lost
    Reading,
}

/// Which checkpoints count at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Those of the last run
    Continue,
    /// None: every file is read from its start. New checkpoints are written all the same.
    Afresh,
}

/// The checkpoints of one source. Cloning gives another handle.
#[derive(Clone, Debug)]
pub struct Checkpoints(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    follow: Follow,
    state: Mutex<State>,
    room: Notify,
    /// Held while writing, so that what is newer is written later
    writing: Mutex<()>,
}

/// How the checkpoint of a file is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number in this run
    pub number: u64,
    /// A hash of how the file began when it was first seen; it stays when the file grows
    pub fingerprint: u128,
}

/// Where to go on in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its checkpoint
    pub kept: Kept,
    /// Where to start reading
    pub start: Place,
}

/// Security: how many records may have been read and not be covered by a checkpoint, one slow record holding back all
/// behind it. Reading waits at that many, which take a few MiB.
const MOST_OPEN: usize = 1 << 16;

impl Checkpoints {
    /// Reads the checkpoints at `path`. Blocks on the disk.
    pub fn open(path: PathBuf, start: Start, follow: Follow) -> Result<Self, CheckpointError> {
        // A damaged file is an error even where it would not be used: it is about to be replaced.
        let saved = store::read(&path)?;
        let is_new = !path.exists();
        let state = State {
            saved,
            start,
            is_first: is_new || start == Start::Afresh,
            files: HashMap::new(),
            released: BTreeSet::new(),
            // Also where nothing is ever read: the next run is not the first.
            changed: is_new,
        };
        Ok(Self(Arc::new(Shared {
            path,
            follow,
            state: Mutex::new(state),
            room: Notify::new(),
            writing: Mutex::new(()),
        })))
    }

    /// Whether no run was before this one, or it does not count.
    pub fn is_first_run(&self) -> bool {
        self.0.state().is_first
    }

    /// Where to go on in each of `files`, which are all there are besides those of this run. Looks into them with
    /// `tail_of`, and so blocks.
    pub fn claim(&self, files: &[Found], tail_of: TailOf<'_>) -> Vec<Claim> {
        let mut state = self.0.state();
        let state = &mut *state;
        state.let_go();
        let taken = &state.files;
        let is_taken = |number| taken.contains_key(&number);
        let numbers = claim::claim(&state.saved, &is_taken, files, tail_of);
        let used = state.saved.keys().chain(taken.keys()).max();
        let mut next = used.map_or(0, |number| number + 1);
        let claims = files.iter().zip(numbers).map(|(file, number)| {
            let number = number.unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            let fingerprint = hash(&file.head);
            let fresh = Reached::start(&file.head);
            let saved = state.saved.get_mut(&number);
            let kept = Kept {
                number,
                fingerprint: saved.as_ref().map_or(fingerprint, |saved| saved.fingerprint),
            };
            let start = match (saved, state.start) {
                (Some(saved), Start::Continue) => {
                    let path = file.path.to_string_lossy();
                    if saved.path != path {
                        saved.path = path.into_owned();
                        state.changed = true;
                    }
                    saved.reached
                }
                (Some(_), Start::Afresh) | (None, _) => fresh,
            };
            state.files.insert(number, File { start, tracker: None });
            Claim { kept, start: start.place }
        });
        claims.collect()
    }

    /// Forgets the checkpoints that no file of this run has claimed, and whose files are gone or are others now.
    /// Blocks on the disk.
    pub fn forget_the_gone(&self) {
        let mut state = self.0.state();
        state.let_go();
        let State { saved, files, changed, .. } = &mut *state;
        let is_kept = |number: &u64| files.contains_key(number);
        let taken = saved.iter().filter(|(number, _)| is_kept(number));
        let taken: BTreeSet<_> = taken.map(|(_, saved)| saved.path.clone()).collect();
        let before = saved.len();
        saved.retain(|number, saved| {
            is_kept(number) || (!taken.contains(&saved.path) && Path::new(&saved.path).exists())
        });
        *changed |= saved.len() != before;
    }

    /// Nothing of that file counts as done: it is read from its start. To be called before its first record begins.
    pub fn restart(&self, kept: Kept) {
        if let Some(file) = self.0.state().files.get_mut(&kept.number) {
            file.start = Reached::start(&[]);
        }
    }

    /// That file is called `path` now.
    pub fn rename(&self, kept: Kept, path: &str) {
        let mut state = self.0.state();
        let state = &mut *state;
        if let Some(saved) = state.saved.get_mut(&kept.number)
            && saved.path != path
        {
            path.clone_into(&mut saved.path);
            state.changed = true;
        }
    }

    /// That file is read no more. Once all of its records have ended its checkpoint is kept only as long as a file of its
    /// name is there.
    pub fn release(&self, kept: Kept) {
        self.0.state().released.insert(kept.number);
    }

    /// Nothing before `next` is to be read from the file called `path`. To be called before its first record begins.
    pub fn pass(&self, kept: Kept, path: &str, next: Reached) {
        if let Some(Begun::New(number, _)) = self.try_begin(kept, path, next) {
            self.0.end(kept.number, number, EventStatus::Delivered);
        }
    }

    /// A record that reaches to `next` was read from the file called `path`. Gives whom to tell its end, and what of it was
    /// done before [`Checkpoints::rewind`], unless it had ended then; waits while too many records before it have not ended.
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn begin(
        &self,
        kept: Kept,
        path: &str,
        next: Reached,
    ) -> Option<(EventFinalizer, Done)> {
        loop {
            // Correctness: a record that ends wakes us, and leaves a permit when it ends between the look and the wait.
            if let Some(begun) = self.try_begin(kept, path, next) {
                let file = kept.number;
                let Begun::New(number, done) = begun else { return None };
                let finalizer = match self.0.follow {
                    Follow::Acknowledgements => {
                        let shared = Arc::clone(&self.0);
                        EventFinalizer::new(Turn { shared, file, number })
                    }
                    Follow::Reading => {
                        self.0.end(file, number, EventStatus::Delivered);
                        EventFinalizer::none()
                    }
                };
                return Some((finalizer, done));
            }
            self.0.room.notified().await;
        }
    }

    /// Whether a record is done when it has ended, and not when it was read.
    pub fn await_ends(&self) -> bool {
        matches!(self.0.follow, Follow::Acknowledgements)
    }

    fn try_begin(&self, kept: Kept, path: &str, next: Reached) -> Option<Begun> {
        let mut state = self.0.state();
        let State { saved, files, changed, .. } = &mut *state;
        let file = files
            .entry(kept.number)
            .or_insert_with(|| File { start: Reached::start(&[]), tracker: None });
        let start = file.start;
        let tracker = file.tracker.get_or_insert_with(|| {
            let entry =
                Saved { reached: start, fingerprint: kept.fingerprint, path: path.to_owned() };
            *changed |= saved.insert(kept.number, entry.clone()).as_ref() != Some(&entry);
            Tracker::new(start)
        });
        (tracker.len() < MOST_OPEN).then(|| tracker.begin(next))
    }

    /// Writes what has changed. Blocks on the disk.
    pub fn save(&self) -> Result<(), CheckpointError> {
        let _writing = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let places = {
            let mut state = self.0.state();
            if !std::mem::take(&mut state.changed) {
                return Ok(());
            }
            state.saved.clone()
        };
        store::write(&self.0.path, &places).inspect_err(|_| self.0.state().changed = true)
    }
}

impl Shared {
    fn end(&self, file: u64, number: u64, status: EventStatus) {
        let mut state = self.state();
        let state = &mut *state;
        let (Some(File { tracker: Some(tracker), .. }), Some(saved)) =
            (state.files.get_mut(&file), state.saved.get_mut(&file))
        else {
            return;
        };
        tracker.end(number, status);
        let done = tracker.done();
        if saved.reached != done {
            saved.reached = done;
            state.changed = true;
        }
        self.room.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
