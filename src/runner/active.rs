//! How many sinks get somewhere: those that are neither held nor done.
//!
//! In: sinks and their records. Out: the count, for whoever decides how long to wait. It does not know why one is held.

use std::pin::pin;

use futures::Stream;
use tokio::sync::watch;

use crate::delivery::HoldReason;
use crate::sink::{CourierSink, Record, Transport};

/// The count. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Active(watch::Sender<usize>);

impl Active {
    /// Of so many sinks, all of which are to be run.
    pub(super) fn new(sinks: usize) -> Self {
        Self(watch::Sender::new(sinks))
    }

    /// The count, now and as it changes.
    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.0.subscribe()
    }

    /// Runs one of the sinks on `records`.
    pub(super) async fn run<S: Transport>(
        self,
        sink: CourierSink<S>,
        records: impl Stream<Item = Record> + Send,
    ) {
        let held = sink.held();
        self.follow(sink.run_on(records), held).await;
    }

    // Correctness: both branches keep their place from one poll to the next, and a change that comes while the other
    // branch runs is seen afterwards. Dropped, it counts as it did: then nobody waits for it any more.
    async fn follow(
        self,
        run: impl Future<Output = ()>,
        mut held: watch::Receiver<Option<HoldReason>>,
    ) {
        let (mut run, mut is_active, mut is_told) = (pin!(run), true, true);
        loop {
            is_active = self.set(is_active, held.borrow_and_update().is_none());
            tokio::select! {
                biased;
                () = run.as_mut() => break,
                changed = held.changed(), if is_told => is_told = changed.is_ok(),
            }
        }
        self.set(is_active, false);
    }

    fn set(&self, before: bool, now: bool) -> bool {
        match (before, now) {
            (true, false) => self.0.send_modify(|count| *count -= 1),
            (false, true) => self.0.send_modify(|count| *count += 1),
            (true, true) | (false, false) => {}
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn what_is_held_or_done_does_not_count_and_what_is_let_go_does() {
        let active = Active::new(2);
        let count = active.watch();
        let (gate, held) = watch::channel(None);
        let (done, end) = oneshot::channel::<()>();
        let mut run = Box::pin(active.follow(end.map(|_| ()), held));
        let mut counts = Vec::new();
        for reason in [None, Some(HoldReason::Unauthorized), None, Some(HoldReason::Unauthorized)] {
            gate.send(reason).unwrap();
            assert_eq!((&mut run).now_or_never(), None);
            counts.push(*count.borrow());
        }
        assert_eq!(counts, [2, 1, 2, 1]);
        gate.send(None).unwrap();
        done.send(()).unwrap();
        assert_eq!(run.now_or_never(), Some(()));
        assert_eq!(*count.borrow(), 1, "the other one");
    }
}
