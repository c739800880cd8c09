//! Between those who end spans and the one who sends them: a queue with a bound, that nobody waits for.
//!
//! OpenTelemetry's own batching does the same, but does not say how many spans it lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::telemetry::Repeats;

/// How many spans may wait: more than a second of them at any pace that Courier allows.
const ROOM: usize = 16_384;

/// How many go in one request, as OpenTelemetry has it.
const BATCH: usize = 512;

/// How long the first of a batch waits for others.
const LINGER: Duration = Duration::from_secs(1);

/// Security: how much is repeated of what a collector says, in characters.
const MAX_CHARS: usize = 200;

/// Takes spans that have ended.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    lost: Arc<AtomicU64>,
}

/// Sends them.
#[derive(Debug)]
pub(super) struct Sender {
    spans: mpsc::Receiver<SpanData>,
    lost: Arc<AtomicU64>,
    told: u64,
    repeats: Repeats,
    since: Instant,
}

/// The two ends of a queue.
pub(super) fn pair() -> (Queue, Sender) {
    let (spans, received) = mpsc::channel(ROOM);
    let lost = Arc::default();
    let sender = Sender {
        spans: received,
        lost: Arc::clone(&lost),
        told: 0,
        repeats: Repeats::default(),
        since: Instant::now(),
    };
    (Queue { spans, lost }, sender)
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Sender {
    /// Sends until `stop` is cancelled, and then what is left.
    // Correctness: taking from a queue loses nothing when it is dropped; sending is not part of a choice.
    pub(super) async fn run(mut self, exporter: impl SpanExporter, stop: CancellationToken) {
        let mut is_open = true;
        while is_open {
            let mut batch = Vec::new();
            is_open = self.gather(&mut batch, &stop).await;
            self.send(&exporter, batch).await;
        }
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() {
                break;
            }
            self.send(&exporter, batch).await;
        }
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "spans were lost in this run");
        }
    }

    /// Fills `batch`; whether there may be another.
    async fn gather(&mut self, batch: &mut Vec<SpanData>, stop: &CancellationToken) -> bool {
        let mut until = None;
        while batch.len() < BATCH {
            let room = BATCH.saturating_sub(batch.len());
            tokio::select! {
                () = stop.cancelled() => return false,
                () = sleep_until(until.unwrap_or(self.since)), if until.is_some() => return true,
                taken = self.spans.recv_many(batch, room) => {
                    if taken == 0 {
                        return false;
                    }
                    until = until.or_else(|| Some(Instant::now() + LINGER));
                }
            }
        }
        true
    }

    async fn send(&mut self, exporter: &impl SpanExporter, batch: Vec<SpanData>) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let result = if count == 0 { Ok(()) } else { exporter.export(batch).await };
        let mut said = "it is too slow".to_owned();
        if let Err(error) = result {
            self.lost.fetch_add(count, Ordering::Relaxed);
            said = error.to_string().chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
        }
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > self.told && self.repeats.may_tell(self.since.elapsed()).is_some() {
            self.told = lost;
            tracing::warn!(
                lost,
                error = said,
                "the collector does not take all spans: they are lost, delivery goes on"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::Mutex;

    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
    use opentelemetry_sdk::error::OTelSdkError;
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    #[derive(Clone, Debug, Default)]
    struct Collector {
        batches: Arc<Mutex<Vec<usize>>>,
        is_down: bool,
    }

    impl SpanExporter for Collector {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.batches.lock().unwrap().push(batch.len());
            if self.is_down {
                return Err(OTelSdkError::InternalFailure("down".to_owned()));
            }
            Ok(())
        }
    }

    fn span() -> SpanData {
        let moment = opentelemetry::time::now();
        SpanData {
            span_context: SpanContext::empty_context(),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: Cow::Borrowed("attempt"),
            start_time: moment,
            end_time: moment,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_sent_in_batches_and_what_found_no_room_is_counted() {
        let (queue, sender) = pair();
        for _ in 0..ROOM + 3 {
            queue.on_end(span());
        }
        let collector = Collector::default();
        let stop = CancellationToken::new();
        stop.cancel();
        sender.run(collector.clone(), stop).await;
        assert_eq!(*collector.batches.lock().unwrap(), [BATCH; ROOM / BATCH]);
        assert_eq!(queue.lost.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_span_waits_a_second_for_others_and_a_collector_that_is_down_loses_it() {
        let (queue, sender) = pair();
        let collector = Collector { is_down: true, ..Collector::default() };
        let lost = Arc::clone(&queue.lost);
        let stop = CancellationToken::new();
        let running = sender.run(collector.clone(), stop.clone());
        let world = async {
            queue.on_end(span());
            tokio::time::sleep(LINGER / 2).await;
            queue.on_end(span());
            assert!(collector.batches.lock().unwrap().is_empty());
            tokio::time::sleep(LINGER).await;
            stop.cancel();
        };
        tokio::join!(running, world);
        assert_eq!(*collector.batches.lock().unwrap(), [2]);
        assert_eq!(lost.load(Ordering::Relaxed), 2);
    }
}
