//! What all stacks of one sink share: its pace, its permits, the pauses of its classes and its hold.
//!
//! What it knows is in `state`, which is told the time; here is the waiting.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::{Failure, Receipt, Settings};
use crate::courier::Class;
use state::{State, Wait};

mod state;

/// Shared by all stacks of one sink.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    permits: Arc<Semaphore>,
    /// One of each class waits for the class's pause or stands in line; the others queue behind it.
    turns: [Arc<Semaphore>; Class::ALL.len()],
    /// Whoever is first in line gets the next permit and the next token, so that no class takes them all. It is never
    /// held through a pause or a hold.
    line: Arc<Semaphore>,
    changed: Notify,
    held: watch::Sender<bool>,
    epoch: Instant,
}

/// The right to make one attempt: a permit, and a token that is spent. Dropping it gives the permit back.
#[derive(Debug)]
pub(super) struct Admitted {
    permit: OwnedSemaphorePermit,
    number: u64,
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
            line: Arc::new(Semaphore::new(1)),
            changed: Notify::new(),
            held: watch::Sender::new(false),
            epoch: Instant::now(),
        }
    }

    /// Whether a wrong key holds everything, now and as it changes.
    pub fn held(&self) -> watch::Receiver<bool> {
        self.held.subscribe()
    }

    /// Admits an attempt if that is possible at once and nobody waits for the same.
    pub(super) fn try_admit(&self, class: Class) -> Option<Admitted> {
        let _turn = Arc::clone(self.turn(class)?).try_acquire_owned().ok()?;
        let _place = Arc::clone(&self.line).try_acquire_owned().ok()?;
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let number = self.lock().admit(class, self.now()).ok()?;
        Some(Admitted { permit, number })
    }

    /// Admits an attempt as soon as there is a token and a permit for it. While it waits for the one it does not hold
    /// the other: a paused class must not sit on permits, nor hoarded tokens burst.
    ///
    /// Dropping the future gives up the place in the queue and nothing else.
    pub(super) async fn admit(self: Arc<Self>, class: Class) -> Admitted {
        let _turn = match self.turn(class) {
            Some(turn) => Some(acquire(turn).await),
            None => None,
        };
        loop {
            // Correctness: asked for before the look, so that no change between look and wait is missed.
            let changed = self.changed.notified();
            let now = self.now();
            let quiet_until = self.lock().quiet_until(class, now);
            if let Some(until) = quiet_until {
                tokio::select! {
                    () = tokio::time::sleep(until.saturating_sub(now)) => {}
                    () = changed => {}
                }
                continue;
            }
            let _place = acquire(&self.line).await;
            if let Some(admitted) = self.first_in_line(class).await {
                return admitted;
            }
        }
    }

    /// `None` if the class is to be quiet: then the place in line is for somebody else.
    async fn first_in_line(&self, class: Class) -> Option<Admitted> {
        loop {
            let permit = acquire(&self.permits).await;
            let now = self.now();
            let admitted = self.lock().admit(class, now);
            match admitted {
                Ok(number) => return Some(Admitted { permit, number }),
                Err(Wait::Quiet) => return None,
                Err(Wait::Token(at)) => {
                    drop(permit);
                    tokio::time::sleep(at.saturating_sub(now)).await;
                }
            }
        }
    }

    /// Takes the right back and learns from how the attempt ended.
    pub(super) fn report(
        &self,
        class: Class,
        admitted: Admitted,
        result: &Result<Receipt, Failure>,
    ) {
        let Admitted { permit, number } = admitted;
        let mut state = self.lock();
        state.report(class, number, result, self.now());
        let held = state.is_held();
        // Told under the lock, so that of two reports the later one has the last word.
        let has_changed =
            self.held.send_if_modified(|before| std::mem::replace(before, held) != held);
        drop(state);
        // Only now, so that whoever it wakes sees what was learnt.
        drop(permit);
        if has_changed {
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

async fn acquire(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    let permit = Arc::clone(semaphore).acquire_owned().await;
    permit.expect("the gate never closes its semaphores")
}

#[cfg(test)]
mod tests;
