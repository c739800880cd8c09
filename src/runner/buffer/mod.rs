//! A buffer on disk between the sources and one sink.
//!
//! In: records. Out: the same records, in their order, from a stream that the sink polls; each source is told Delivered
//! once its record is on disk, before the sink has it. A record leaves the buffer when the sink says Delivered or Rejected.
//! Errored stays, and is fed again in order: nothing newer is fed until all that was fed has ended. What of it was done for
//! good, events of a record or steps of an event, is noted beside it and not done again, in this run or the next.
//!
//! `intake` gathers what arrives, `keeper` writes and reads, `state` decides what is fed, `feed` is the sink's stream.
//! Below them `store` keeps blocks of records in one file (`database`), each record a `frame` that can be found and verified
//! by itself. What has ended is in the `ledger`. `survey` finds all of this without the store, for `salvage` and `list`.

mod database;
mod done;
mod error;
mod feed;
mod frame;
mod intake;
mod keeper;
mod ledger;
mod level;
mod limits;
mod list;
mod place;
mod salvage;
mod scan;
mod state;
mod store;
mod survey;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use futures::stream::BoxStream;
use metrics::Histogram;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub use error::BufferError;
pub use level::{Filled, Level};
pub(in crate::runner) use list::files_in;
pub use list::{Entry, EntryState, Listing, file_in, is_file_of_a_buffer, is_none_yet, list};

use crate::clock::Clock;
use crate::config::DiskBuffer;
use crate::finalization::EventStatus;
use crate::sink::Record;
use feed::Feed;
use intake::Intake;
use keeper::{Append, Keeper};
use limits::Limits;
use place::Place;
use state::State;
use store::{Contents, Store};

/// A buffer that is open: nobody else has it.
#[derive(Debug)]
pub struct Buffer {
    shared: Arc<Shared>,
    limits: Limits,
    store: Store,
    commit: u64,
    clock: Clock,
    sends: Histogram,
}

/// A buffer that runs.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    intake: JoinHandle<()>,
    keeper: JoinHandle<bool>,
    clock: Clock,
    /// The keeper reads for the feed as long as this is there
    appends: mpsc::Sender<Append>,
}

/// What a buffer did in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records in it that have not ended
    pub left: u64,
    /// Records that could not be written, and went back to their source
    pub unstored: u64,
    /// Records that arrived when it was full, and were discarded as configured
    pub discarded: u64,
    /// Records that were damaged on disk, and are lost
    pub lost: u64,
    /// Whether more are lost, or may be: the note of what had ended was damaged as well, so nobody can count them
    pub has_lost_uncounted: bool,
    /// Whether it was damaged when it was opened, and set aside
    pub is_salvaged: bool,
    /// Whether all that ended is noted on disk
    pub is_noted: bool,
}

/// What the parts of a buffer share.
#[derive(Debug)]
struct Shared {
    path: PathBuf,
    state: Mutex<State>,
    /// Something is wanted of the keeper
    work: Notify,
    /// There may be room for a group that waits
    room: Notify,
    /// Records of earlier runs, and those of them that were found lost
    left_before: u64,
    /// Whether more may be lost than could be counted
    has_lost_uncounted: bool,
    /// Bytes they took
    used_before: u64,
    stored: AtomicU64,
    is_salvaged: bool,
    lost: AtomicU64,
    discarded: AtomicU64,
    discarded_bytes: AtomicU64,
    unstored: AtomicU64,
}

impl Buffer {
    /// Opens the buffer in `folder`, or makes one whose id `chance` draws. What is damaged is set aside, and what is whole
    /// of it kept. `clock` tells when a record came in. Blocks on the disk.
    pub fn open(
        folder: &Path,
        buffer: DiskBuffer,
        clock: Clock,
        chance: &mut fastrand::Rng,
    ) -> Result<Self, BufferError> {
        let (store, contents) = Store::open(Place::new(folder), chance.u64(..))?;
        let Contents { ledger, commit, used, newest, lost } = contents;
        let path = store.place().store();
        let (is_salvaged, lost) = (lost.is_some(), lost.unwrap_or_default());
        if ledger.left() > 0 {
            tracing::info!(
                path = %path.display(),
                records = ledger.left(),
                bytes = used,
                "records of an earlier run are fed first"
            );
        }
        let shared = Arc::new(Shared {
            path,
            left_before: ledger.left().saturating_add(lost.records),
            has_lost_uncounted: lost.is_uncounted,
            used_before: used,
            stored: AtomicU64::new(0),
            is_salvaged,
            state: Mutex::new(State::new(ledger, used, newest)),
            work: Notify::new(),
            room: Notify::new(),
            lost: AtomicU64::new(lost.records),
            discarded: AtomicU64::new(0),
            discarded_bytes: AtomicU64::new(0),
            unstored: AtomicU64::new(0),
        });
        let (limits, sends) = (Limits::new(buffer), Histogram::noop());
        Ok(Self { shared, limits, store, commit, clock, sends })
    }

    /// The same, observing in `sends` how many seconds each record takes until it is on disk.
    #[must_use]
    pub fn timed(self, sends: Histogram) -> Self {
        Self { sends, ..self }
    }

    /// Puts the buffer between `input` and the sink that will poll the stream. To be called within a runtime.
    ///
    /// The stream ends once `input` has, and all that is left has ended or does not get anywhere; and at once when `stop`
    /// is cancelled: what is inside stays for the next run.
    pub fn start(
        self,
        input: BoxStream<'static, Record>,
        stop: CancellationToken,
    ) -> (BoxStream<'static, Record>, Running) {
        let Self { shared, limits, store, commit, clock, sends } = self;
        // One group is written while another gathers; none need wait between them.
        let (appends, taken) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let intake = Intake {
            shared: Arc::clone(&shared),
            limits,
            appends: appends.clone(),
            sends,
            cancel: cancel.clone(),
        };
        let keeper = Keeper::new(Arc::clone(&shared), (store, commit), clock.clone(), taken);
        let feed = Feed::new(Arc::clone(&shared), stop);
        let running = Running {
            shared,
            cancel,
            appends,
            clock,
            intake: tokio::spawn(intake.run(input).in_current_span()),
            keeper: tokio::spawn(keeper.run().in_current_span()),
        };
        (feed.boxed(), running)
    }
}

/// Refuses to forget: an error where a buffer in `folder` holds records, for a sink that does not use it. Blocks on the
/// disk.
pub fn refuse_left_behind(folder: &Path) -> Result<(), BufferError> {
    let path = file_in(folder);
    if !path.exists() {
        return Ok(());
    }
    match list(&path)?.left {
        0 => Ok(()),
        records => Err(BufferError::LeftBehind { path, records }),
    }
}

impl Running {
    /// Whom to ask how full it is.
    pub fn level(&self) -> Level {
        Level::new(Arc::clone(&self.shared), self.clock.clone())
    }

    /// Resolves once the input has ended and all that came from it is on disk, or told that it is not.
    pub async fn taken_in(&mut self) {
        if !self.intake.is_finished() {
            // A panic was printed.
            let _ = (&mut self.intake).await;
        }
    }

    /// Gives back what is not on disk yet.
    pub async fn take_no_more(&mut self) {
        self.cancel.cancel();
        self.taken_in().await;
    }

    /// Ends it: what was taken in is written, what has ended is noted. To be called when the sink is gone.
    pub async fn end(mut self) -> Report {
        self.take_no_more().await;
        drop(self.appends);
        // A panic was printed.
        let is_noted = self.keeper.await.unwrap_or(false);
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (left, is_broken) = {
            let state = self.shared.state();
            (state.ledger.left(), state.is_broken)
        };
        Report {
            left,
            unstored: read(&self.shared.unstored),
            discarded: read(&self.shared.discarded),
            lost: read(&self.shared.lost),
            has_lost_uncounted: self.shared.has_lost_uncounted,
            is_noted: is_noted && !is_broken,
            is_salvaged: self.shared.is_salvaged,
        }
    }
}

impl Report {
    /// Whether anything was damaged. What was counted is what the newest ledger tells that was found; where that was hit as well,
    /// more may be lost.
    pub const fn was_damaged(&self) -> bool {
        self.lost > 0 || self.is_salvaged
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A record of the block that begins with `block` has ended.
    fn ended(&self, block: u64, sequence: u64, status: EventStatus) {
        let is_room_wanted = {
            let mut state = self.state();
            state.end(block, sequence, status);
            state.wants_room && !state.removable.is_empty()
        };
        if is_room_wanted {
            self.room.notify_one();
        }
    }

    /// Nothing can be read or written any more.
    fn break_down(&self) {
        let mut state = self.state();
        state.is_broken = true;
        state.wake();
        self.room.notify_one();
    }
}
