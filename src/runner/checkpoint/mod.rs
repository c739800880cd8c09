//! How far a source's files are done, kept so that a restart goes on there.
//!
//! In: the records as they are read, and their ends. Out: a small file in the source's data folder, written by whoever
//! calls [`Checkpoints::save`]. A checkpoint never passes a record that is Errored or has not ended.

mod store;
mod tracker;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub use store::CheckpointError;
pub(super) use store::create_folder;
use store::{Places, Saved};
use tracker::Tracker;

use super::source::framing::Place;
use crate::finalization::{EventFinalizer, EventStatus};

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

#[derive(Debug)]
struct State {
    saved: Places,
    start: Places,
    /// The files read in this run
    trackers: HashMap<u128, Tracker>,
    changed: bool,
}

/// Security: how many records may have been read and not be covered by a checkpoint, one slow record holding back all
/// behind it. Reading waits at that many, which take a few MiB.
const MOST_OPEN: usize = 1 << 16;

impl Checkpoints {
    /// Reads the checkpoints at `path`. Blocks on the disk.
    pub fn open(path: PathBuf, start: Start, follow: Follow) -> Result<Self, CheckpointError> {
        // A damaged file is an error even where it would not be used: it is about to be replaced.
        let saved = store::read(&path)?;
        let state = State {
            start: match start {
                Start::Continue => saved.clone(),
                Start::Afresh => Places::new(),
            },
            saved,
            trackers: HashMap::new(),
            changed: false,
        };
        Ok(Self(Arc::new(Shared {
            path,
            follow,
            state: Mutex::new(state),
            room: Notify::new(),
            writing: Mutex::new(()),
        })))
    }

    /// Where to start reading the file of that fingerprint.
    pub fn start(&self, fingerprint: u128) -> Place {
        let state = self.0.state();
        state.start.get(&fingerprint).map_or(Place::START, |saved| saved.place)
    }

    /// Nothing of the file of that fingerprint counts as done: it is read from its start. To be called before its first
    /// record begins.
    pub fn forget(&self, fingerprint: u128) {
        self.0.state().start.remove(&fingerprint);
    }

    /// A record that reaches to `next` was read from the file called `path`. Gives whom to tell its end; waits while too
    /// many records before it have not ended.
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn begin(&self, fingerprint: u128, path: &str, next: Place) -> EventFinalizer {
        loop {
            // Correctness: a record that ends wakes us, and leaves a permit when it ends between the look and the wait.
            if let Some(number) = self.try_begin(fingerprint, path, next) {
                return match self.0.follow {
                    Follow::Acknowledgements => {
                        let shared = Arc::clone(&self.0);
                        EventFinalizer::new(move |status| shared.end(fingerprint, number, status))
                    }
                    Follow::Reading => {
                        self.0.end(fingerprint, number, EventStatus::Delivered);
                        EventFinalizer::none()
                    }
                };
            }
            self.0.room.notified().await;
        }
    }

    fn try_begin(&self, fingerprint: u128, path: &str, next: Place) -> Option<u64> {
        let mut state = self.0.state();
        let state = &mut *state;
        let start = state.start.get(&fingerprint).map_or(Place::START, |saved| saved.place);
        let tracker = state.trackers.entry(fingerprint).or_insert_with(|| {
            let saved = Saved { place: start, path: path.to_owned() };
            state.saved.insert(fingerprint, saved);
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
    fn end(&self, fingerprint: u128, number: u64, status: EventStatus) {
        let mut state = self.state();
        let state = &mut *state;
        let (Some(tracker), Some(saved)) =
            (state.trackers.get_mut(&fingerprint), state.saved.get_mut(&fingerprint))
        else {
            return;
        };
        tracker.end(number, status);
        let done = tracker.done();
        if saved.place != done {
            saved.place = done;
            state.changed = true;
        }
        self.room.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::source::framing::Shape;

    fn place(offset: u64) -> Place {
        Place { offset, line: 1, shape: Shape::Lines }
    }

    #[tokio::test]
    async fn a_restart_goes_on_before_the_first_record_that_is_owed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoints.json");
        let open = |start, follow| Checkpoints::open(path.clone(), start, follow).unwrap();
        let run = open(Start::Continue, Follow::Acknowledgements);
        run.begin(1, "a", place(5)).await.finalize(EventStatus::Rejected);
        drop(run.begin(1, "a", place(9)).await);
        run.begin(1, "a", place(12)).await.finalize(EventStatus::Delivered);
        run.begin(2, "b", place(3)).await.finalize(EventStatus::Delivered);
        run.save().unwrap();

        let run = open(Start::Continue, Follow::Reading);
        assert_eq!((run.start(1), run.start(2)), (place(5), place(3)));
        drop(run.begin(1, "a", place(9)).await);
        run.save().unwrap();
        assert_eq!(open(Start::Continue, Follow::Reading).start(1), place(9));
        assert_eq!(open(Start::Afresh, Follow::Reading).start(1), Place::START);
    }

    #[tokio::test]
    async fn reading_waits_while_too_many_records_have_not_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoints.json");
        let run = Checkpoints::open(path, Start::Continue, Follow::Acknowledgements).unwrap();
        let first = run.begin(1, "a", place(0)).await;
        let mut rest = Vec::new();
        for offset in 1..u64::try_from(MOST_OPEN).unwrap() {
            rest.push(run.begin(1, "a", place(offset)).await);
        }
        let mut next = tokio_test::task::spawn(run.begin(1, "a", place(1 << 20)));
        assert!(next.poll().is_pending());
        rest.pop().unwrap().finalize(EventStatus::Delivered);
        assert!(next.poll().is_pending(), "the first one still holds all");
        first.finalize(EventStatus::Delivered);
        assert!(next.is_woken() && next.poll().is_ready());
    }
}
