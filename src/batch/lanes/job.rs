//! An event inside, and where each of its steps is.

use std::time::Duration;

use slab::Slab;

use super::{Lanes, StepId};
use crate::courier::{Class, Endpoint};
use crate::finalization::EventStatus;
use crate::plan::{Lane, Step};

#[derive(Debug)]
pub(super) struct Job<T> {
    pub(super) cargo: T,
    pub(super) serial: u64,
    pub(super) status: EventStatus,
    pub(super) steps: Vec<Entry>,
    /// Whether a step of it was ever taken
    pub(super) was_attempted: bool,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) step: Step,
    pub(super) state: State,
    /// Whether it was part of a request that was refused, and so must not be merged again.
    pub(super) is_alone: bool,
    pub(super) wait: Wait,
    /// When it became its turn
    pub(super) ready_at: Duration,
}

/// How long a step has kept others waiting.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wait {
    /// Up to when it last stopped to
    pub(super) before: Duration,
    /// While it does: in which class's time, and until when it may
    pub(super) now: Option<(Class, Duration)>,
    /// Of a head: the serial of the newest event behind it, so that nobody has to look
    pub(super) newest: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Ready,
    Taken,
    Done,
    GivenUp,
}

impl Entry {
    pub(super) fn new(step: Step) -> Self {
        Self {
            step,
            state: State::Waiting,
            is_alone: false,
            wait: Wait::default(),
            ready_at: Duration::ZERO,
        }
    }
}

impl<T> Job<T> {
    /// Whether a step waits for another of its event.
    pub(super) fn waits(&self, step: usize) -> bool {
        let after = self.steps.get(step).and_then(|entry| entry.step.after);
        let is_done =
            |step: usize| self.steps.get(step).is_some_and(|entry| entry.state == State::Done);
        after.is_some_and(|step| !is_done(step))
    }

    /// Whether no step of it is left.
    pub(super) fn has_ended(&self) -> bool {
        self.steps.iter().all(|entry| matches!(entry.state, State::Done | State::GivenUp))
    }

    /// The steps that are done, of an event that ended. Where all are nobody asks, and most events end so.
    pub(super) fn steps_done(&self) -> Vec<usize> {
        if self.status == EventStatus::Delivered {
            return Vec::new();
        }
        let done = |(step, entry): (usize, &Entry)| (entry.state == State::Done).then_some(step);
        self.steps.iter().enumerate().filter_map(done).collect()
    }
}

impl<T> Lanes<T> {
    /// Whether a step was taken and has not ended.
    pub fn is_taken(&self, id: StepId) -> bool {
        self.entry(id).is_some_and(|entry| entry.state == State::Taken)
    }

    /// Lanes in which somebody stands behind the first.
    pub fn waiting(&self) -> usize {
        self.queues.values().filter(|queue| queue.len() > 1).count()
    }

    /// Steps of `class` whose turn it is, those included that were given up lately.
    pub fn count_ready(&self, class: Class) -> usize {
        self.ready.get(class.index()).map_or(0, |ready| ready.steps.len())
    }

    /// About how many events came before that of a step and have not ended: as many as there are, if the first to come
    /// are the first to go.
    pub fn count_ahead(&self, id: StepId) -> u64 {
        let inside = u64::try_from(self.jobs.len()).unwrap_or(u64::MAX);
        id.serial.saturating_sub(self.entered.saturating_sub(inside))
    }

    /// Where a step will go that has not been taken.
    pub fn waits_for_endpoint(&self, id: StepId) -> Option<Endpoint> {
        let waits = |entry: &&Entry| matches!(entry.state, State::Waiting | State::Ready);
        self.entry(id).filter(waits).map(|entry| entry.step.action.endpoint())
    }

    /// It is so late, in the time of whoever works here, until it says otherwise.
    pub const fn tell_moment(&mut self, now: Duration) {
        self.moment = now;
    }

    /// When it became a step's turn.
    pub fn ready_at(&self, id: StepId) -> Option<Duration> {
        self.entry(id).map(|entry| entry.ready_at)
    }

    /// Notes that a step of its event was taken.
    pub(super) fn attempted(&mut self, id: StepId) {
        if let Some(job) = self.job_mut(id) {
            job.was_attempted = true;
        }
    }

    pub(super) fn lane(&self, id: StepId) -> Option<Lane> {
        let lane = &self.entry(id)?.step.lane;
        (*lane != Lane::None).then(|| lane.clone())
    }

    pub(super) fn job_mut(&mut self, id: StepId) -> Option<&mut Job<T>> {
        let job = self.jobs.get_mut(id.slot);
        job.filter(|job| job.serial == id.serial)
    }

    pub(super) fn entry(&self, id: StepId) -> Option<&Entry> {
        let job = self.jobs.get(id.slot).filter(|job| job.serial == id.serial)?;
        job.steps.get(id.step)
    }

    pub(super) fn entry_mut(&mut self, id: StepId) -> Option<&mut Entry> {
        self.job_mut(id)?.steps.get_mut(id.step)
    }
}

/// Whether the step is still there to be taken.
pub(super) fn is_ready<T>(jobs: &Slab<Job<T>>, id: StepId) -> bool {
    let job = jobs.get(id.slot).filter(|job| job.serial == id.serial);
    let entry = job.and_then(|job| job.steps.get(id.step));
    entry.is_some_and(|entry| entry.state == State::Ready)
}
