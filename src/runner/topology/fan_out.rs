//! From one source to several sinks: each record goes to each of them, and its source hears the worst of its ends.
//!
//! In: the records of a source. Out: a stream for each sink. A record's bytes are shared, not copied. It knows neither
//! what the source is nor what the sinks do.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use futures::stream::{BoxStream, Stream, StreamExt};
use tokio::sync::mpsc;

use crate::finalization::EventStatus;
use crate::sink::Record;

/// How many records may wait for one sink, besides what its own buffer holds. Security: when one queue is full the source
/// waits, so a slow sink stops the others only once its buffer and this queue are full. Few, since a record may be as
/// large as a source lets it: the buffer is the place for more.
const QUEUE_RECORDS: usize = 16;

/// Set once a queue was given up with records in it.
pub(super) type LeftBehind = Arc<AtomicBool>;

/// Passes each of `records` to each of `sinks` streams. The future ends with the records, or when a stream is gone;
/// without it the streams stand still. Dropping it gives the record at hand back to its source.
pub(super) fn fan_out(
    records: BoxStream<'static, Record>,
    sinks: usize,
    left_behind: &LeftBehind,
) -> (impl Future<Output = ()> + Send + 'static, Vec<BoxStream<'static, Record>>) {
    let (senders, queues): (Vec<_>, Vec<_>) = (0..sinks)
        .map(|_| {
            let (sender, receiver) = mpsc::channel(QUEUE_RECORDS);
            (sender, Queue { receiver, left_behind: Arc::clone(left_behind) }.boxed())
        })
        .unzip();
    (pass_on(records, senders), queues)
}

// Correctness: a queue's room or the source wakes us. Room is taken in all queues before a record is put into any, so
// that one we are dropped with has reached no sink.
async fn pass_on(mut records: BoxStream<'static, Record>, senders: Vec<mpsc::Sender<Record>>) {
    while let Some(record) = records.next().await {
        let mut rooms = Vec::with_capacity(senders.len());
        for sender in &senders {
            // A sink that is gone will not come back: its records stay with the source, and so do all others.
            let Ok(room) = sender.reserve().await else { return };
            rooms.push(room);
        }
        let Record { payload, origin, finalizer, resume, done } = record;
        let share = finalizer.share();
        for (sink, room) in rooms.into_iter().enumerate() {
            let (finalizer, done) = (share.finalizer(), done.part(sink));
            if done.is_whole() {
                finalizer.finalize(EventStatus::Delivered);
                continue;
            }
            room.send(Record {
                payload: payload.clone(),
                origin: origin.clone(),
                finalizer,
                resume: resume.clone(),
                done,
            });
        }
    }
}

/// The records that wait for one sink.
struct Queue {
    receiver: mpsc::Receiver<Record>,
    left_behind: LeftBehind,
}

impl Stream for Queue {
    type Item = Record;

    // Correctness: the channel wakes us; nothing is held between polls. What the source reads again must not come before
    // that: it is given back untouched.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Record>> {
        loop {
            match ready!(self.receiver.poll_recv(cx)) {
                Some(record) if record.finalizer.is_recalled() => drop(record),
                next => return Poll::Ready(next),
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if !self.receiver.is_empty() {
            self.left_behind.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::FutureExt;
    use futures::stream;

    use super::*;
    use crate::finalization::EventStatus::{Delivered, Errored, Rejected};
    use crate::finalization::{
        Acknowledge, Advance, BatchNotifier, BatchStatusReceiver, Done, EventFinalizer,
    };
    use crate::sink::Payload;

    // Few enough for one turn of a task: beyond, tokio lets what is ready wait.
    const COUNT: usize = 40;

    /// Records, and the ends their source is told.
    fn records() -> (BoxStream<'static, Record>, Vec<BatchStatusReceiver>) {
        let record = |number: usize| {
            let (batch, told) = BatchNotifier::new_with_receiver();
            let record = Record::new(Bytes::from(number.to_string()), 0);
            (record.with_finalizer(batch.finalizer()), told)
        };
        let (records, told): (Vec<_>, Vec<_>) = (0..COUNT).map(record).unzip();
        (stream::iter(records).boxed(), told)
    }

    fn bytes(record: &Record) -> Bytes {
        match &record.payload {
            Payload::Bytes(bytes) => bytes.clone(),
            Payload::Unreadable { .. } => panic!("it was made readable"),
        }
    }

    fn statuses(told: Vec<BatchStatusReceiver>) -> Vec<Option<EventStatus>> {
        told.into_iter().map(FutureExt::now_or_never).collect()
    }

    #[tokio::test]
    async fn each_record_goes_to_each_sink_in_order_and_its_bytes_are_shared() {
        let (records, _told) = records();
        let (pass_on, queues) = fan_out(records, 3, &Arc::default());
        let all = futures::future::join_all(queues.into_iter().map(StreamExt::collect::<Vec<_>>));
        let ((), all) = tokio::join!(pass_on, all);
        let first: Vec<_> = all[0].iter().map(bytes).collect();
        assert_eq!(first, (0..COUNT).map(|it| Bytes::from(it.to_string())).collect::<Vec<_>>());
        for sink in &all {
            for (own, first) in sink.iter().map(bytes).zip(&first) {
                assert_eq!(own.as_ptr(), first.as_ptr());
            }
            assert_eq!(sink.len(), COUNT);
        }
    }

    #[tokio::test]
    async fn a_source_is_told_the_worst_once_all_sinks_have_ended() {
        let (records, told) = records();
        let (pass_on, mut queues) = fan_out(records.take(4).boxed(), 2, &Arc::default());
        pass_on.await;
        let (mut second, mut first) = (queues.pop().unwrap(), queues.pop().unwrap());
        let mut ends = Vec::new();
        for (one, other) in [
            (Some(Delivered), Some(Delivered)),
            (Some(Rejected), Some(Delivered)),
            (Some(Rejected), Some(Errored)),
            (Some(Delivered), None),
        ] {
            for (queue, status) in [(&mut first, one), (&mut second, other)] {
                let record = queue.next().await.unwrap();
                match status {
                    Some(status) => record.finalizer.finalize(status),
                    None => ends.push(record),
                }
            }
        }
        let told = statuses(told.into_iter().take(4).collect());
        assert_eq!(told, [Some(Delivered), Some(Rejected), Some(Errored), None]);
    }

    #[tokio::test]
    async fn a_sink_that_is_done_with_a_record_does_not_get_it_again() {
        let (batch, told) = BatchNotifier::new_with_receiver();
        let mut done = Done::default();
        done.note(&Advance::Part(0, &Advance::Whole));
        done.note(&Advance::Part(1, &Advance::Part(5, &Advance::Whole)));
        let record = Record::new("{}", 0).with_finalizer(batch.finalizer()).with_done(done);
        drop(batch);
        let (pass_on, mut queues) = fan_out(stream::iter([record]).boxed(), 2, &Arc::default());
        pass_on.await;
        let (mut second, mut first) = (queues.pop().unwrap(), queues.pop().unwrap());
        assert!(first.next().await.is_none());
        let record = second.next().await.unwrap();
        assert!(record.done.part(5).is_whole());
        record.finalizer.finalize(Rejected);
        assert_eq!(told.now_or_never(), Some(Rejected));
    }

    #[tokio::test]
    async fn a_slow_sink_stops_the_source_only_once_its_queue_is_full() {
        let (records, told) = records();
        let left_behind = LeftBehind::default();
        let (pass_on, mut queues) = fan_out(records, 2, &left_behind);
        let (slow, mut fast) = (queues.pop().unwrap(), queues.pop().unwrap());
        let mut pass_on = Box::pin(pass_on);
        let mut taken = Vec::new();
        while let Some(Some(record)) = {
            assert_eq!((&mut pass_on).now_or_never(), None);
            fast.next().now_or_never()
        } {
            taken.push(record);
        }
        assert_eq!(taken.len(), QUEUE_RECORDS);
        // Whatever ends it now, each record ends Errored, the one at hand included.
        drop((pass_on, taken, fast));
        assert!(!left_behind.load(Ordering::Relaxed));
        drop(slow);
        assert!(left_behind.load(Ordering::Relaxed));
        assert_eq!(statuses(told), [Some(Errored); COUNT]);
    }

    /// Is recalled once anything of its source went back.
    struct Recalled(Arc<AtomicBool>);

    impl Acknowledge for Recalled {
        fn acknowledge(self: Box<Self>, _: EventStatus) {}

        fn foretell_errored(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }

        fn is_recalled(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn what_one_sink_gives_back_is_overtaken_in_none() {
        let has_failed = Arc::<AtomicBool>::default();
        let record = |number: usize| {
            let finalizer = EventFinalizer::new(Recalled(Arc::clone(&has_failed)));
            Record::new(Bytes::from(number.to_string()), 0).with_finalizer(finalizer)
        };
        let records = stream::iter((0..4).map(record).collect::<Vec<_>>()).boxed();
        let (pass_on, mut queues) = fan_out(records, 2, &Arc::default());
        pass_on.await;
        let (mut slow, mut fast) = (queues.pop().unwrap(), queues.pop().unwrap());
        let first = fast.next().await.unwrap();
        let second = slow.next().await.unwrap();
        first.finalizer.finalize(Errored);
        // The other sink works on, and neither gets what is behind.
        assert!(fast.next().await.is_none() && slow.next().await.is_none());
        second.finalizer.finalize(Delivered);
    }

    #[tokio::test]
    async fn without_one_of_its_sinks_nothing_is_passed_on() {
        let (records, told) = records();
        let (pass_on, mut queues) = fan_out(records, 2, &Arc::default());
        queues.pop();
        pass_on.await;
        assert!(queues.pop().unwrap().next().await.is_none());
        assert_eq!(statuses(told), [Some(Errored); COUNT]);
    }
}
