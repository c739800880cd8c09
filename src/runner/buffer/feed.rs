//! From the buffer to the sink, which polls this stream itself: nothing stands between the two that could be ahead.
//!
//! In: the buffer's state. Out: records, in their order. What ended Errored is fed again, with everything behind it that
//! has not ended, after a wait that grows; until then nothing newer is.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::{FutureExt, Stream};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::Shared;
use super::state::Next;
use crate::finalization::{Acknowledge, Advance, EventFinalizer, EventStatus};
use crate::sink::Record;

/// How long it waits before it feeds again, at first and at most: the sink has tried for as long as it was told to, and
/// each pass is a try of all that is left.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The records of a buffer. It ends when asked to stop, and once the input has ended and nothing that is left gets
/// anywhere. What it gave has its place in the buffer until its finalizer says Delivered or Rejected.
pub(super) struct Feed {
    shared: Arc<Shared>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    pause: Option<Pin<Box<Sleep>>>,
    wait: Duration,
}

impl Feed {
    pub(super) fn new(shared: Arc<Shared>, stop: CancellationToken) -> Self {
        let stop = Box::pin(stop.cancelled_owned());
        Self { shared, stop, pause: None, wait: FIRST_WAIT }
    }
}

/// What a record carries that was fed.
struct Fed {
    shared: Arc<Shared>,
    block: u64,
    sequence: u64,
}

impl Acknowledge for Fed {
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        self.shared.ended(self.block, self.sequence, status);
    }

    fn foretell_errored(&mut self) {
        self.shared.state().halt();
    }

    fn advance(&mut self, advance: &Advance<'_>) {
        self.shared.state().advance(self.sequence, advance);
    }
}

impl Drop for Feed {
    /// Whoever waits for room need not any longer.
    fn drop(&mut self) {
        self.shared.state().feed_is_gone = true;
        self.shared.room.notify_one();
    }
}

impl Stream for Feed {
    type Item = Record;

    // Correctness: the end of what was fed, a block that is there, the end of the input, the pause and the stop wake us.
    // The state decides alone, under its lock, so nothing it was told before it said `Wait` is missed.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Record>> {
        if self.stop.poll_unpin(cx).is_ready() {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.poll_unpin(cx));
            self.pause = None;
            self.shared.state().again();
        }
        let next = {
            let mut state = self.shared.state();
            state.waker = Some(cx.waker().clone());
            state.next()
        };
        match next {
            Next::Record { block, sequence, payload, origin, done } => {
                let shared = Arc::clone(&self.shared);
                let finalizer = EventFinalizer::new(Fed { shared, block, sequence });
                Poll::Ready(Some(Record { payload, origin, finalizer, resume: None, done }))
            }
            Next::Read => {
                self.shared.work.notify_one();
                Poll::Pending
            }
            Next::Again { has_progressed } => {
                if has_progressed {
                    self.wait = FIRST_WAIT;
                }
                let wait = self.wait;
                self.wait = (wait * 2).min(LONGEST_WAIT);
                tracing::warn!(
                    wait_secs = wait.as_secs(),
                    "some records were not delivered: they stay in the buffer and are fed again, before anything newer"
                );
                let mut pause = Box::pin(tokio::time::sleep_until(Instant::now() + wait));
                let is_over = pause.poll_unpin(cx).is_ready();
                self.pause = Some(pause);
                if is_over {
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
            Next::Wait => Poll::Pending,
            Next::End => Poll::Ready(None),
        }
    }
}
