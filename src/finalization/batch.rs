//! Many events that end as one: the worst end counts, and each part is told apart by its position.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::{Acknowledge, Advance, EventFinalizer, EventStatus};

/// Gathers the ends of many events into one, the worst.
///
/// It tells its status when it and all its finalizers are gone; with no finalizer made, `Delivered`. That one is Errored it
/// foretells at once, and which of its parts have ended for good it tells as they do.
#[derive(Debug)]
pub struct BatchNotifier(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// How many finalizers were made
    made: AtomicUsize,
    worst: Mutex<EventStatus>,
    whole: Mutex<Option<EventFinalizer>>,
}

/// Resolves to the worst status of a batch.
#[derive(Debug)]
pub struct BatchStatusReceiver(oneshot::Receiver<EventStatus>);

impl BatchNotifier {
    /// A notifier, and the future that resolves when the last of its finalizers has ended.
    pub fn new_with_receiver() -> (Self, BatchStatusReceiver) {
        let (sender, receiver) = oneshot::channel();
        let whole = EventFinalizer::new(move |status| {
            // The receiver may be gone: then nobody wants to know.
            let _ = sender.send(status);
        });
        (Self::telling(whole), BatchStatusReceiver(receiver))
    }

    pub(super) fn telling(whole: EventFinalizer) -> Self {
        Self(Arc::new(Shared {
            made: AtomicUsize::new(0),
            worst: Mutex::new(EventStatus::Delivered),
            whole: Mutex::new(Some(whole)),
        }))
    }

    /// A finalizer for one event of the batch: the next part, as positions count.
    pub fn finalizer(&self) -> EventFinalizer {
        let position = self.0.made.fetch_add(1, Ordering::Relaxed);
        EventFinalizer::new(Part { of: Arc::clone(&self.0), position })
    }
}

impl Shared {
    /// One part has ended like this, or will.
    fn note(&self, status: EventStatus) {
        let before = {
            let mut worst = self.worst.lock().unwrap_or_else(PoisonError::into_inner);
            let before = *worst;
            *worst = status.max(before);
            before
        };
        if status == EventStatus::Errored && before != EventStatus::Errored {
            let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(whole) = whole.as_mut() {
                whole.foretell_errored();
            }
        }
    }
}

/// One event of a batch.
struct Part {
    of: Arc<Shared>,
    position: usize,
}

impl Acknowledge for Part {
    fn acknowledge(mut self: Box<Self>, status: EventStatus) {
        if status != EventStatus::Errored {
            self.advance(&Advance::Whole);
        }
        self.of.note(status);
    }

    fn foretell_errored(&mut self) {
        self.of.note(EventStatus::Errored);
    }

    fn advance(&mut self, advance: &Advance<'_>) {
        let mut whole = self.of.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole) = whole.as_mut() {
            whole.advance(&Advance::Part(self.position, advance));
        }
    }

    fn is_recalled(&self) -> bool {
        let whole = self.of.whole.lock().unwrap_or_else(PoisonError::into_inner);
        whole.as_ref().is_some_and(EventFinalizer::is_recalled)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let worst = *self.worst.get_mut().unwrap_or_else(PoisonError::into_inner);
        let whole = self.whole.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(whole) = whole {
            whole.finalize(worst);
        }
    }
}

impl Future for BatchStatusReceiver {
    type Output = EventStatus;

    // Correctness: the notifier's last finalizer wakes us; dropping this future only means nobody listens.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|told| told.unwrap_or(EventStatus::Errored))
    }
}
