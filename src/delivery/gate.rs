//! What all stacks of one sink share: its pace, its permits, the pauses of its classes and its hold.
//!
//! Pure but for the permits: [`State`] is told the time. Waiting for it is the admission layer's work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::backoff::wait;
use super::bucket::Bucket;
use super::{Failure, FailureKind, Jitter, Receipt, Retry, Settings};
use crate::courier::Class;

/// Shared by all stacks of one sink.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    permits: Arc<Semaphore>,
    /// One waits for time or a permit at a turn; the others of its class queue behind, first come, first served.
    turns: [Arc<Semaphore>; Class::ALL.len()],
    changed: Notify,
    held: watch::Sender<bool>,
    epoch: Instant,
}

/// The right to make one attempt: a permit, and a token that is spent. Dropping it gives the permit back.
#[derive(Debug)]
pub(super) struct Admitted {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct State {
    bucket: Option<Bucket>,
    pauses: [Pause; Class::ALL.len()],
    next_probe: Option<Duration>,
    retry: Retry,
    retry_after_max: Duration,
    hold_probe: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    until: Duration,
    /// Throttled answers in a row: each makes the next pause longer when the server names none.
    streak: usize,
}

impl Gate {
    /// A gate with nothing spent, in the time of the running tokio clock.
    pub fn new(settings: &Settings) -> Self {
        Self {
            state: Mutex::new(State::new(settings)),
            permits: Arc::new(Semaphore::new(
                settings.concurrency.get().min(Semaphore::MAX_PERMITS),
            )),
            turns: std::array::from_fn(|_| Arc::new(Semaphore::new(1))),
            changed: Notify::new(),
            held: watch::Sender::new(false),
            epoch: Instant::now(),
        }
    }

    /// Whether a wrong key holds everything, now and as it changes.
    pub fn held(&self) -> watch::Receiver<bool> {
        self.held.subscribe()
    }

    /// Admits an attempt if that is possible at once.
    pub(super) fn try_admit(&self, class: Class) -> Option<Admitted> {
        let _turn = Arc::clone(self.turn(class)?).try_acquire_owned().ok()?;
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        self.lock()
            .admit(class, self.now())
            .ok()
            .map(|()| Admitted { _permit: permit })
    }

    /// Admits an attempt as soon as there is a token and a permit for it. While it waits for the one it does not hold
    /// the other: a paused class must not sit on permits, nor hoarded tokens burst.
    ///
    /// Dropping the future gives up the place in the queue and nothing else.
    pub(super) async fn admit(self: Arc<Self>, class: Class) -> Admitted {
        const NEVER_CLOSED: &str = "the gate never closes its semaphores";
        let turn = self.turn(class).map(Arc::clone);
        let _turn = match turn {
            Some(turn) => Some(turn.acquire_owned().await.expect(NEVER_CLOSED)),
            None => None,
        };
        loop {
            let permit = Arc::clone(&self.permits)
                .acquire_owned()
                .await
                .expect(NEVER_CLOSED);
            // Correctness: asked for before the look, so that no change between look and wait is missed.
            let changed = self.changed.notified();
            let until = match self.lock().admit(class, self.now()) {
                Ok(()) => return Admitted { _permit: permit },
                Err(until) => until,
            };
            drop(permit);
            tokio::select! {
                () = tokio::time::sleep_until(self.epoch + until) => {}
                () = changed => {}
            }
        }
    }

    /// Learns from the end of an attempt.
    pub(super) fn report(&self, class: Class, result: &Result<Receipt, Failure>) {
        let held = self.lock().report(class, result, self.now());
        if self
            .held
            .send_if_modified(|before| std::mem::replace(before, held) != held)
        {
            if held {
                tracing::error!(
                    "Courier answers 401: everything is kept until the API key is right"
                );
            } else {
                tracing::info!("Courier takes the API key again: going on");
            }
            self.changed.notify_waiters();
        }
    }

    fn turn(&self, class: Class) -> Option<&Arc<Semaphore>> {
        self.turns.get(class.index())
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(settings: &Settings) -> Self {
        Self {
            bucket: settings.rate.map(Bucket::new),
            pauses: [Pause::default(); Class::ALL.len()],
            next_probe: None,
            // A pause is the same for everybody: there is nobody to spread.
            retry: Retry {
                jitter: Jitter::None,
                ..settings.retry
            },
            retry_after_max: settings.retry_after_max,
            hold_probe: settings.hold_probe,
        }
    }

    /// Spends a token, or says when to look again.
    fn admit(&mut self, class: Class, now: Duration) -> Result<(), Duration> {
        let pause = self
            .pauses
            .get(class.index())
            .map_or(Duration::ZERO, |pause| pause.until);
        let quiet_until = pause.max(self.next_probe.unwrap_or_default());
        if quiet_until > now {
            return Err(quiet_until);
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.take(now)?;
        }
        if let Some(next_probe) = &mut self.next_probe {
            *next_probe = now.saturating_add(self.hold_probe);
        }
        Ok(())
    }

    /// Takes note of an attempt's end; says whether the sink is on hold after it.
    fn report(&mut self, class: Class, result: &Result<Receipt, Failure>, now: Duration) -> bool {
        let Some(pause) = self.pauses.get_mut(class.index()) else {
            return false;
        };
        match result.as_ref().map_err(|failure| failure.kind) {
            Ok(_) => {
                pause.streak = 0;
                self.next_probe = None;
            }
            // Whoever judges the request has taken the key.
            Err(FailureKind::Refused) => self.next_probe = None,
            Err(FailureKind::Throttled) => {
                self.next_probe = None;
                let named = result
                    .as_ref()
                    .err()
                    .and_then(|failure| failure.retry_after);
                let named = named.map(|named| named.min(self.retry_after_max));
                let length = named.unwrap_or_else(|| wait(&self.retry, pause.streak, 1.0));
                pause.until = pause.until.max(now.saturating_add(length));
                pause.streak = pause.streak.saturating_add(1);
            }
            Err(FailureKind::Unauthorized) => {
                self.next_probe = Some(now.saturating_add(self.hold_probe));
            }
            Err(
                FailureKind::Unavailable
                | FailureKind::Network
                | FailureKind::TimedOut
                | FailureKind::Unsendable,
            ) => {}
        }
        self.next_probe.is_some()
    }
}
