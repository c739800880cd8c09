//! The one who reads and writes a buffer's store: a task that lends it to the blocking pool for each operation.
//!
//! In: groups of records to append, wishes to read, the ends of records. Out: blocks in the state, answers to whoever
//! appends. What has ended is noted with the next group, or within a second. A failure is told and tried again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use super::Shared;
use super::database::{Commit, Trouble};
use super::frame;
use super::limits::READY_BYTES;
use super::state::Block;
use super::store::Store;
use crate::clock::Clock;
use crate::event::Origin;
use crate::sink::Payload;

/// A group of records to be written, and whom to tell whether they are.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) records: Vec<(Payload, Origin)>,
    pub(super) written: oneshot::Sender<bool>,
}

/// How often it is noted what has ended, where nothing arrives: that much is sent again after a crash.
const NOTE_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
    /// Nothing while it is lent, and once it is lost
    store: Option<Store>,
    clock: Clock,
    appends: mpsc::Receiver<Append>,
    commit: u64,
    is_failing: bool,
    /// With the next tick, and not at once: what is wrong with a disk takes its time
    is_to_read_again: bool,
}

impl Keeper {
    pub(super) fn new(
        shared: Arc<Shared>,
        (store, commit): (Store, u64),
        clock: Clock,
        appends: mpsc::Receiver<Append>,
    ) -> Self {
        Self {
            shared,
            store: Some(store),
            clock,
            appends,
            commit,
            is_failing: false,
            is_to_read_again: false,
        }
    }

    /// Keeps the store until nobody appends any more. Tells whether all that ended is noted.
    // Correctness: groups, wishes and the time wake us, and nothing is lost by a branch that loses: a wish stays in the
    // state, whose notification is kept for us while we are busy.
    pub(super) async fn run(mut self) -> bool {
        let shared = Arc::clone(&self.shared);
        let mut ticks = interval(NOTE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut is_time = false;
            tokio::select! {
                biased;
                append = self.appends.recv() => match append {
                    Some(append) => self.append(append).await,
                    None => break,
                },
                () = shared.work.notified() => {}
                _ = ticks.tick() => is_time = true,
            }
            if is_time && std::mem::take(&mut self.is_to_read_again) {
                shared.state().unread();
            }
            self.read().await;
            if is_time {
                self.note().await;
            }
        }
        let is_noted = self.note().await;
        let closed = self.lend(|store| (None, store.close())).await;
        is_noted && closed.is_some_and(|closed| closed.is_ok())
    }

    async fn append(&mut self, append: Append) {
        let Append { records, written } = append;
        let Some(id) = self.store.as_ref().map(Store::id) else {
            // Whoever waits sees us drop it.
            return;
        };
        let written_at = self.clock.now();
        let first = self.shared.state().ledger.next();
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        let encode = move || {
            let size = records.iter().map(|(payload, origin)| frame::size(payload, origin)).sum();
            let mut block = Vec::with_capacity(size);
            for (sequence, (payload, origin)) in (first..).zip(&records) {
                frame::write_record(&mut block, id, sequence, written_at, (payload, origin));
            }
            (block, records)
        };
        let outcome = self.commit(count, move |store, commit| {
            let (block, records) = encode();
            let commit = Commit { block: Some((first, &block)), ..commit };
            store.commit(&commit).map(|()| (block.len(), records))
        });
        let outcome = outcome.await;
        let is_written = outcome.is_some();
        {
            let mut state = self.shared.state();
            match outcome {
                Some((bytes, records)) => {
                    let records =
                        (first..).zip(records).map(|(at, (payload, origin))| (at, payload, origin));
                    let range = first..first.saturating_add(count);
                    let (at, records) = (Some(written_at), records.collect());
                    state.appended(Block { range, bytes, at, records });
                }
                None => state.burn(count),
            }
        }
        // Whoever waited may be gone; what is written stays all the same.
        let _ = written.send(is_written);
    }

    /// Notes what has ended, if anything has; tells whether all is noted.
    async fn note(&mut self) -> bool {
        let is_changed = {
            let state = self.shared.state();
            state.is_changed || !state.removable.is_empty()
        };
        !is_changed || self.commit(0, |store, commit| store.commit(&commit)).await.is_some()
    }

    /// Commits what has ended together with what `work` adds, which takes the next `count` sequences.
    async fn commit<T: Send + 'static>(
        &mut self,
        count: u64,
        work: impl FnOnce(&mut Store, Commit<'_>) -> Result<T, Trouble> + Send + 'static,
    ) -> Option<T> {
        let id = self.store.as_ref().map(Store::id)?;
        self.commit += 1;
        let (commit, at) = (self.commit, self.clock.now());
        let (removed, ledger) = {
            let mut state = self.shared.state();
            state.is_changed = false;
            let ledger = frame::ledger(id, commit, at, |out| state.ledger.write(count, out));
            (std::mem::take(&mut state.removable), ledger)
        };
        let firsts: Vec<u64> = removed.iter().copied().collect();
        let result = self
            .lend(move |mut store| {
                let commit = Commit { block: None, removed: &firsts, ledger: &ledger };
                let result = work(&mut store, commit);
                (Some(store), result)
            })
            .await?;
        match result {
            Ok(done) => {
                self.succeeded();
                Some(done)
            }
            Err(trouble) => {
                self.failed(trouble, removed).await;
                None
            }
        }
    }

    fn succeeded(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            tracing::info!("the buffer can be written again");
        }
    }

    async fn failed(&mut self, trouble: Trouble, removed: BTreeSet<u64>) {
        let is_empty = {
            let mut state = self.shared.state();
            state.is_changed = true;
            state.removable.extend(removed);
            state.ledger.left() == 0
        };
        self.complain(&trouble, "cannot be written");
        // Where nothing is left in it, a file that has grown too large for its disk is only in the way.
        if matches!(trouble, Trouble::Io(_)) && is_empty {
            let restarted = self.lend(|mut store| {
                let restarted = store.restart();
                (Some(store), restarted)
            });
            if let Some(Ok(())) = restarted.await {
                self.shared.state().restarted();
                self.shared.room.notify_one();
            }
        }
    }

    /// Reads what is wanted, if anything is.
    async fn read(&mut self) {
        let Some((from, pass)) = self.shared.state().wanted.take() else { return };
        let rows = self.lend(move |mut store| {
            let rows = store.read(from, READY_BYTES / 2);
            (Some(store), rows)
        });
        let (rows, id) = (rows.await, self.store.as_ref().map(Store::id));
        match (rows, id) {
            (Some(Ok(rows)), Some(id)) => {
                let lost = self.shared.state().read(id, rows, pass);
                // Blocks of which nothing is whole make room.
                self.shared.room.notify_one();
                for range in lost {
                    let records = range.end - range.start;
                    self.shared.lost.fetch_add(records, Ordering::Relaxed);
                    tracing::error!(
                        path = %self.shared.path.display(),
                        first = range.start,
                        records,
                        "records of the buffer are damaged and lost"
                    );
                }
            }
            (Some(Err(trouble)), _) => {
                self.complain(&trouble, "cannot be read");
                self.is_to_read_again = true;
            }
            _ => {}
        }
    }

    fn complain(&mut self, trouble: &Trouble, what: &str) {
        let path = self.shared.path.display();
        if let Trouble::Io(error) = trouble {
            // Told once, until it works again.
            if !std::mem::replace(&mut self.is_failing, true) {
                tracing::error!(%path, %error, "the buffer {what}; what is stored stays, and it is tried again");
            }
            return;
        }
        tracing::error!(
            %path,
            error = %trouble,
            "the buffer {what}: the run ends; the next one sets the buffer aside and keeps what is whole"
        );
        self.shared.break_down();
    }

    /// Lends the store to `work`, which gives it back unless it closed it. Nothing where it is gone.
    async fn lend<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(Store) -> (Option<Store>, T) + Send + 'static,
    ) -> Option<T> {
        let store = self.store.take()?;
        let done = tokio::task::spawn_blocking(move || work(store)).await;
        match done {
            Ok((store, result)) => {
                self.store = store;
                Some(result)
            }
            // It panicked, which was printed, or the runtime is closing.
            Err(_) => {
                self.shared.break_down();
                None
            }
        }
    }
}
