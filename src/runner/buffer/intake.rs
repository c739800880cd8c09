//! From the sources to the buffer: records that wait together are written together, and each is told that it is safe.
//!
//! In: a stream of records. Out: groups for the keeper, and an end for each record: Delivered once it is on disk (or was
//! discarded, where that is configured), Errored where it could not be written. While a group is written the next gathers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use metrics::Histogram;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::frame;
use super::keeper::Append;
use super::limits::{BLOCK_BYTES, BLOCK_RECORDS, Limits};
use crate::config::WhenFull;
use crate::event::Origin;
use crate::sink::{Payload, Record};
use source::Source;

mod source;

/// How long nothing is taken in after a write failed, at first and at most: what is Errored meanwhile would only come
/// again.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What is kept of a record that is larger than the buffer takes.
const KEPT_BYTES: usize = 4096;

/// Takes records in.
pub(super) struct Intake {
    pub(super) shared: Arc<Shared>,
    pub(super) limits: Limits,
    pub(super) appends: mpsc::Sender<Append>,
    /// How many seconds each record takes until it is on disk
    pub(super) sends: Histogram,
    /// Cancelled when the run is over: then nothing more is taken in
    pub(super) cancel: CancellationToken,
}

/// Records that are written together, and whom to tell.
#[derive(Default)]
struct Group {
    records: Vec<(Payload, Origin)>,
    sources: Vec<Source>,
    bytes: usize,
}

/// A group that is being written.
struct Writing {
    written: oneshot::Receiver<bool>,
    sources: Vec<Source>,
}

impl Intake {
    /// Takes in all of `input`; ends when what was taken in is safe, or told that it is not.
    // Correctness: a group that is written and the input wake us. A record that was taken from the input is in a group
    // before anything is waited for; dropped anywhere, its finalizer says Errored.
    pub(super) async fn run(self, mut input: BoxStream<'static, Record>) {
        let mut wait = FIRST_WAIT;
        let mut group = Group::default();
        let mut writing: Option<Writing> = None;
        let mut has_ended = false;
        loop {
            // What waits now goes with the first of them, and what comes once its sender has had its turn: a group that is
            // written as soon as its first record is there costs a commit of its own.
            let mut before = usize::MAX;
            while !has_ended && !group.is_full() && group.records.len() != before {
                before = group.records.len();
                has_ended = group.gather(&mut input, &self.limits);
                if before != group.records.len() && writing.is_none() {
                    tokio::task::yield_now().await;
                }
            }
            if writing.is_none() && !group.is_empty() {
                writing = self.write(std::mem::take(&mut group)).await;
            }
            let is_done = has_ended && group.is_empty() && writing.is_none();
            if is_done || self.shared.state().is_broken {
                break;
            }
            tokio::select! {
                biased;
                is_written = written(&mut writing), if writing.is_some() => {
                    let group_written = writing.take().map(|it| it.sources).unwrap_or_default();
                    let is_written = self.settle(group_written, is_written);
                    if !is_written {
                        group.give_back();
                    }
                    wait = if is_written { FIRST_WAIT } else { self.pause(wait).await };
                }
                record = input.next(), if !has_ended && !group.is_full() => match record {
                    Some(record) => group.push(record, &self.limits),
                    None => has_ended = true,
                },
                () = self.cancel.cancelled() => break,
            }
        }
        let mut state = self.shared.state();
        state.input_has_ended = true;
        state.wake();
    }

    /// Hands a group on to be written, once there is room for it. Nothing where nothing is left of it, or nobody writes.
    async fn write(&self, mut group: Group) -> Option<Writing> {
        loop {
            {
                let mut state = self.shared.state();
                let is_full = !self.limits.fits(state.used, group.bytes);
                let waits = self.limits.when_full == WhenFull::Block;
                if state.is_broken || (state.feed_is_gone && is_full && waits) {
                    drop(state);
                    source::give_back(&self.shared, group.sources);
                    return None;
                }
                state.wants_room = false;
                if !is_full {
                    break;
                }
                if !waits {
                    let used = state.used;
                    drop(state);
                    self.discard(&mut group, used);
                    break;
                }
                state.wants_room = true;
            }
            tokio::select! {
                () = self.shared.room.notified() => {}
                () = self.cancel.cancelled() => return None,
            }
        }
        if group.is_empty() {
            return None;
        }
        let Group { records, sources, .. } = group;
        let (sender, written) = oneshot::channel();
        // Where nobody takes it, nobody answers either.
        let _ = self.appends.send(Append { records, written: sender }).await;
        Some(Writing { written, sources })
    }

    /// Discards what does not fit, the newest first.
    fn discard(&self, group: &mut Group, used: u64) {
        let before = group.records.len();
        let bytes = group.bytes;
        while !group.is_empty() && !self.limits.fits(used, group.bytes) {
            group.records.pop();
            group.bytes =
                group.records.iter().map(|(payload, origin)| frame::size(payload, origin)).sum();
        }
        let discarded = group.sources.split_off(group.records.len());
        let bytes = u64::try_from(bytes.saturating_sub(group.bytes)).unwrap_or(u64::MAX);
        self.shared.discarded_bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.shared.discarded.fetch_add(count(&discarded), Ordering::Relaxed) == 0 {
            tracing::warn!(
                path = %self.shared.path.display(),
                records = before - group.records.len(),
                "the buffer is full: what arrives is discarded; further ones are only counted"
            );
        }
        source::accept(&self.shared, discarded);
    }

    fn settle(&self, group: Vec<Source>, is_written: bool) -> bool {
        if is_written {
            self.shared.stored.fetch_add(count(&group), Ordering::Relaxed);
            let now = Instant::now();
            for source in &group {
                self.sends.record(now.duration_since(source.since));
            }
            source::accept(&self.shared, group);
        } else {
            tracing::warn!(
                path = %self.shared.path.display(),
                records = group.len(),
                "records could not be stored: they go back to their source"
            );
            source::give_back(&self.shared, group);
        }
        is_written
    }

    /// Takes nothing in for a while, and gives how long to wait next time.
    async fn pause(&self, wait: Duration) -> Duration {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.cancel.cancelled() => {}
        }
        (wait * 2).min(LONGEST_WAIT)
    }
}

/// Resolves once the group is written, or is not.
async fn written(writing: &mut Option<Writing>) -> bool {
    match writing {
        Some(writing) => (&mut writing.written).await.unwrap_or(false),
        None => std::future::pending().await,
    }
}

fn count(sources: &[Source]) -> u64 {
    u64::try_from(sources.len()).unwrap_or(u64::MAX)
}

impl Group {
    const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Gives back what its source reads again: stored now, it would come before what went back.
    fn give_back(&mut self) {
        let before = std::mem::take(self);
        for (record, source) in before.records.into_iter().zip(before.sources) {
            if source.finalizer.is_recalled() {
                continue;
            }
            self.bytes = self.bytes.saturating_add(frame::size(&record.0, &record.1));
            self.records.push(record);
            self.sources.push(source);
        }
    }

    const fn is_full(&self) -> bool {
        self.records.len() >= BLOCK_RECORDS || self.bytes >= BLOCK_BYTES
    }

    /// Takes what waits in `input`, as long as there is room; tells whether that has ended.
    fn gather(&mut self, input: &mut BoxStream<'static, Record>, limits: &Limits) -> bool {
        while !self.is_full() {
            match input.next().now_or_never() {
                Some(Some(record)) => self.push(record, limits),
                Some(None) => return true,
                None => return false,
            }
        }
        false
    }

    fn push(&mut self, record: Record, limits: &Limits) {
        // A source brings nothing to go on with: only dead letters do, which are sent again without a buffer.
        let Record { payload, origin, finalizer, done, .. } = record;
        let size = frame::size(&payload, &origin);
        let largest = limits.largest_record();
        let (payload, size) = if size > largest {
            let payload = too_large(&payload, largest);
            let size = frame::size(&payload, &origin);
            (payload, size)
        } else {
            (payload, size)
        };
        self.bytes = self.bytes.saturating_add(size);
        self.records.push((payload, origin));
        self.sources.push(Source { finalizer, went_back: done.went_back(), since: Instant::now() });
    }
}

/// What becomes of a record that would never fit: a dead letter, as of any other that is too long.
fn too_large(payload: &Payload, largest: usize) -> Payload {
    let (Payload::Bytes(bytes) | Payload::Unreadable { bytes, .. }) = payload;
    let kept = bytes.get(..KEPT_BYTES).unwrap_or(bytes);
    Payload::Unreadable {
        problem: format!(
            "a record may take {largest} bytes, a quarter of `buffer.max_size`, this one takes {}; its first {} are kept",
            bytes.len(),
            kept.len()
        ),
        bytes: Bytes::copy_from_slice(kept),
    }
}

#[cfg(test)]
mod tests;
