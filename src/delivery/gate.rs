//! What all stacks of one sink share: its pace, its permits, the pauses of its classes and its hold.
//!
//! What it knows is in `state`, which is told the time; here is the waiting.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::{Failure, Receipt, Settings};
use crate::courier::Class;
use crate::telemetry::{Load, Repeats};
use state::{Ended, State, Wait};
use waited::Waited;

pub(super) use admitted::Admitted;
pub use hold::HoldReason;
pub use state::GateReport;

mod admitted;
mod class;
mod exchange;
mod hold;
mod state;
mod stopwatch;
mod waited;

/// Shared by all stacks of one sink.
#[derive(Debug)]
pub struct Gate {
    settings: RwLock<Arc<Settings>>,
    state: Mutex<State>,
    /// One first try and one retry of each class wait for the class; the others queue behind them.
    turns: [[Arc<Semaphore>; 2]; Class::ALL.len()],
    /// Whoever is first in line gets the next permit and the next token, so that no class takes them all. The place is
    /// never held through a pause or a hold.
    line: Arc<Semaphore>,
    /// Told when a permit comes free. Only the first in line listens.
    freed: Notify,
    /// Told when a class may have become free to go.
    changed: Notify,
    held: watch::Sender<Option<HoldReason>>,
    /// Of each class, lines about pauses, and about attempts that fail
    told: [[Repeats; 2]; Class::ALL.len()],
    epoch: Instant,
}

/// What kind of attempt asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    First,
    Retry,
}

impl Gate {
    /// A gate with nothing spent, in the time of the running tokio clock.
    pub fn new(settings: &Settings) -> Self {
        let turn = || Arc::new(Semaphore::new(1));
        Self {
            settings: RwLock::new(Arc::new(settings.clone())),
            state: Mutex::new(State::new(settings)),
            turns: std::array::from_fn(|_| [turn(), turn()]),
            line: turn(),
            freed: Notify::new(),
            changed: Notify::new(),
            held: watch::Sender::new(None),
            told: Default::default(),
            epoch: Instant::now(),
        }
    }

    /// Why everything is held, now and as it changes; `None` while it is not.
    pub fn held(&self) -> watch::Receiver<Option<HoldReason>> {
        self.held.subscribe()
    }

    /// Tries at once whether the hold is over: the key has been exchanged.
    pub fn probe_now(&self) {
        self.lock().probe_at(self.now());
        self.changed.notify_waiters();
    }

    /// How things stand.
    pub fn report(&self) -> GateReport {
        self.lock().report(self.now())
    }

    /// Whether an attempt of `class` that failed is to be told, and how many were not since the last one.
    pub(super) fn may_tell_failure(&self, class: Class) -> Option<u64> {
        let [_, failures] = self.told.get(class.index())?;
        failures.may_tell(self.now())
    }

    /// Of each class, how long nothing has kept it from going: neither a pause of its own nor a hold.
    pub(crate) fn counted(&self) -> [Duration; Class::ALL.len()] {
        self.lock().counted(self.now())
    }

    /// When that will be `counted` for `class`, unless something changes; `None` while that is not known. It changes only
    /// by the end of an attempt.
    pub(crate) fn counts_to(&self, class: Class, counted: Duration) -> Option<Instant> {
        self.epoch.checked_add(self.lock().counts_to(class, counted)?)
    }

    /// How often something was let through that ended a hold.
    pub(super) fn resumes(&self) -> u64 {
        self.lock().resumes()
    }

    /// What keeps attempts of `class` from being admitted, as things are, if anything does.
    pub(super) fn constraint(&self, class: Class) -> Option<&'static str> {
        self.lock().constraint(class, self.now())
    }

    /// Admits an attempt if that is possible at once and nobody waits for the same.
    pub(super) fn try_admit(self: &Arc<Self>, class: Class, turn: Turn) -> Option<Admitted> {
        let _turn = self.turn(class, turn)?.try_acquire().ok()?;
        let _place = self.line.try_acquire().ok()?;
        self.take(class, turn, Waited::default()).ok()
    }

    /// Admits an attempt as soon as there is a token and a permit for it: both are taken together or neither, so that a
    /// paused class does not sit on permits, nor hoarded tokens burst.
    ///
    /// Dropping the future gives up the place in the queue and nothing else.
    pub(super) async fn admit(self: Arc<Self>, class: Class, turn: Turn) -> Admitted {
        let mut waited = Waited::default();
        waited.look(self.lock().note_wait(class, self.now()), self.now());
        let _turn = match self.turn(class, turn) {
            Some(semaphore) => Some(acquire(semaphore).await),
            None => None,
        };
        let _waits = Waits::new(&self, class, turn);
        loop {
            // Correctness: asked for before the look, so that no change between look and wait is missed.
            let changed = self.changed.notified();
            let now = self.now();
            let wait = {
                let mut state = self.lock();
                waited.look(state.note_wait(class, now), now);
                state.class_wait(class, turn, now)
            };
            match wait {
                Some(Wait::Until(at)) => tokio::select! {
                    () = tokio::time::sleep(at.saturating_sub(now)) => {}
                    () = changed => {}
                },
                Some(Wait::Turn | Wait::Permit | Wait::Token(_)) => changed.await,
                None => {
                    let _place = acquire(&self.line).await;
                    if let Some(admitted) = self.first_in_line(class, turn, &mut waited).await {
                        return admitted;
                    }
                }
            }
        }
    }

    /// `None` if the class is to be quiet: then the place in line is for somebody else.
    async fn first_in_line(
        self: &Arc<Self>,
        class: Class,
        turn: Turn,
        waited: &mut Waited,
    ) -> Option<Admitted> {
        loop {
            // Correctness: a permit that comes free between the look and the wait is remembered by the notifier; a change of
            // the rate is looked out for before the look.
            let changed = self.changed.notified();
            waited.look(self.lock().note_wait(class, self.now()), self.now());
            match self.take(class, turn, waited.clone()) {
                Ok(admitted) => return Some(admitted),
                Err(Wait::Until(_) | Wait::Turn) => return None,
                Err(Wait::Permit) => self.freed.notified().await,
                Err(Wait::Token(at)) => {
                    tokio::select! {
                        () = tokio::time::sleep(at.saturating_sub(self.now())) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }

    fn take(self: &Arc<Self>, class: Class, turn: Turn, waited: Waited) -> Result<Admitted, Wait> {
        let now = self.now();
        let mut state = self.lock();
        let number = state.admit(class, turn, now)?;
        let is_awaited = state.is_awaited(class);
        drop(state);
        if is_awaited {
            self.changed.notify_waiters();
        }
        Ok(Admitted::new(Arc::clone(self), class, number, now, waited.end(now)))
    }

    /// Learns from the end of an attempt; of one that was given up, without a result.
    fn ended(&self, admitted: &Admitted, result: Option<&Result<Receipt, Failure>>) -> Report {
        let now = self.now();
        let mut state = self.lock();
        let Ended { load, pause } =
            state.ended(admitted.class, admitted.number, admitted.started, result, now);
        let held = state.hold_reason();
        // Told under the lock, so that of two reports the later one has the last word.
        let has_changed =
            self.held.send_if_modified(|before| std::mem::replace(before, held) != held);
        drop(state);
        self.freed.notify_one();
        if has_changed || held.is_some() {
            self.changed.notify_waiters();
        }
        if has_changed {
            match held {
                Some(reason) => {
                    tracing::error!(%reason, "everything is kept until a request is let through again");
                }
                None => tracing::info!("Courier lets requests through again: going on"),
            }
        }
        if let Some(length) = pause {
            self.tell_pause(admitted.class, length, now);
        }
        Report {
            rtt: now.saturating_sub(admitted.started),
            load,
            is_pause: pause.is_some(),
            held: held.filter(|_| has_changed),
        }
    }

    fn tell_pause(&self, class: Class, length: Duration, now: Duration) {
        let Some([pauses, _]) = self.told.get(class.index()) else { return };
        if let Some(suppressed) = pauses.may_tell(now) {
            tracing::warn!(
                %class,
                seconds = length.as_secs_f64(),
                suppressed,
                "Courier asks to slow down: paused"
            );
        }
    }

    fn turn(&self, class: Class, turn: Turn) -> Option<&Arc<Semaphore>> {
        let [first, retry] = self.turns.get(class.index())?;
        Some(match turn {
            Turn::First => first,
            Turn::Retry => retry,
        })
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the end of an attempt tells.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) rtt: Duration,
    pub(super) load: Load,
    /// Whether it began a pause
    pub(super) is_pause: bool,
    /// Why everything is held from now on, if it began a hold
    pub(super) held: Option<HoldReason>,
}

/// Somebody waits; as long as this lives it is known.
struct Waits<'a> {
    gate: &'a Gate,
    class: Class,
    turn: Turn,
}

impl<'a> Waits<'a> {
    fn new(gate: &'a Gate, class: Class, turn: Turn) -> Self {
        gate.lock().waits(class, turn);
        Self { gate, class, turn }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.gate.lock().waits_no_more(self.class, self.turn);
        // Whoever let it go first need not any longer.
        self.gate.changed.notify_waiters();
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    let permit = Arc::clone(semaphore).acquire_owned().await;
    permit.expect("the gate never closes its semaphores")
}

#[cfg(test)]
mod tests;
