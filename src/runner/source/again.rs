//! What went back to files is read again in the same run, before anything newer.
//!
//! In: the ends of a source's records, and that one will be Errored as soon as a part of it is. Out: a source that waits
//! then until all that it gave have ended, and goes on at its checkpoints, as the next run would. What nobody had begun
//! is recalled meanwhile, and what ended for good is not given again. Where files are not followed, a run in which nothing
//! ends for good any more leaves the rest to the next one.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::Reading;
use super::feed::Message;
use crate::finalization::{Acknowledge, Advance, EventFinalizer, EventStatus};

/// How long to wait before what went back is read again, at first and at most: the sink has tried for as long as it was
/// told to.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What a thread that reads files is told.
#[derive(Debug)]
pub(super) enum Tick {
    /// Look whether there is more; it is that late
    Look(Instant),
    /// Go back to the checkpoints
    Again,
}

/// What a source gave and has not ended. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    records: usize,
    has_failed: bool,
    has_progressed: bool,
    /// How many records went back
    back: usize,
    /// How often in turn nothing ended for good
    failures: u32,
}

impl UnderWay {
    /// A record is given. Gives whom to tell its end, who tells `finalizer`; nothing where one went back meanwhile, behind
    /// which this one is read again.
    pub(super) fn begin(&self, finalizer: EventFinalizer) -> Option<EventFinalizer> {
        {
            let mut state = self.state();
            if state.has_failed {
                return None;
            }
            state.records += 1;
        }
        Some(EventFinalizer::new(Given { by: self.clone(), finalizer }))
    }

    fn note(&self, status: EventStatus) {
        let mut state = self.state();
        match status {
            EventStatus::Errored => state.has_failed = true,
            EventStatus::Delivered | EventStatus::Rejected => state.has_progressed = true,
        }
    }

    fn end(&self, status: EventStatus) {
        let has_failed = {
            let mut state = self.state();
            state.records -= 1;
            state.back += usize::from(status == EventStatus::Errored);
            state.has_failed
        };
        if has_failed {
            self.0.changed.notify_one();
        }
    }

    /// Whether a record went back: then none may be given.
    pub(super) fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// Resolves once a record went back. Dropping the future loses nothing.
    pub(super) async fn failed(&self) {
        self.until(|state| state.has_failed).await;
    }

    async fn all_ended(&self) {
        self.until(|state| state.records == 0).await;
    }

    // Correctness: whoever ends a record after one went back wakes us, or leaves a permit. Only one waits.
    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        while !is_so(&self.state()) {
            self.0.changed.notified().await;
        }
    }

    /// Whether anything ended for good since it began anew.
    fn has_progressed(&self) -> bool {
        self.state().has_progressed
    }

    /// How long to wait before reading again; longer each time, until something ends for good.
    fn wait(&self) -> Duration {
        let mut state = self.state();
        state.failures = if state.has_progressed { 0 } else { state.failures.saturating_add(1) };
        (FIRST_WAIT * (1 << state.failures.saturating_sub(1).min(6))).min(LONGEST_WAIT)
    }

    fn start_anew(&self) {
        let mut state = self.state();
        (state.has_failed, state.has_progressed, state.back) = (false, false, 0);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a record carries that was given.
struct Given {
    by: UnderWay,
    finalizer: EventFinalizer,
}

impl Acknowledge for Given {
    // Correctness: noted first, so that nothing is given once the checkpoint knows, and counted last, so that nothing is
    // read again before it does.
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        let Self { by, finalizer } = *self;
        by.note(status);
        finalizer.finalize(status);
        by.end(status);
    }

    fn foretell_errored(&mut self) {
        self.by.note(EventStatus::Errored);
        self.by.0.changed.notify_one();
    }

    fn advance(&mut self, advance: &Advance<'_>) {
        self.finalizer.advance(advance);
    }

    fn is_recalled(&self) -> bool {
        self.by.has_failed()
    }
}

impl Reading {
    /// Waits until everything has ended, and a while, and has the files read from their checkpoints on. Nothing where
    /// nobody reads any more, or it would come to nothing.
    // Correctness: the ends of records, the time and the reading thread wake us. What it said before it went back is taken
    // from it, so that it can go on, and thrown away: it is read again.
    pub(super) async fn again(&mut self) -> Option<()> {
        self.under_way.all_ended().await;
        if self.looks.is_none() && !self.under_way.has_progressed() {
            self.is_whole.store(false, Ordering::Relaxed);
            tracing::error!(
                source = %self.name,
                "nothing is delivered: what is left is for the next run"
            );
            return None;
        }
        self.progress.wait_again(self.under_way.state().back);
        let wait = self.under_way.wait();
        tracing::warn!(
            source = %self.name,
            wait_secs = wait.as_secs(),
            "some events were not delivered: they are read again, before anything newer"
        );
        tokio::time::sleep(wait).await;
        self.progress.leave_out(self.frames.len());
        self.frames.clear();
        let asking = ask(self.thread.clone()?);
        tokio::pin!(asking);
        let mut is_asked = false;
        loop {
            let message = tokio::select! {
                () = &mut asking, if !is_asked => {
                    is_asked = true;
                    continue;
                }
                message = self.messages.recv() => message?,
            };
            match message {
                Message::Frames(_, frames) => self.progress.leave_out(frames.len()),
                Message::Again => break,
                Message::End => {}
                Message::Problem(problem) => self.tell(&problem),
            }
        }
        self.progress.wait_again(0);
        self.under_way.start_anew();
        Some(())
    }
}

async fn ask(thread: mpsc::Sender<Tick>) {
    // Where it has ended, its messages have as well.
    let _ = thread.send(Tick::Again).await;
}
