//! An event inside, and where each of its steps is.

use slab::Slab;

use super::StepId;
use crate::finalization::EventStatus;
use crate::plan::Step;

#[derive(Debug)]
pub(super) struct Job<T> {
    pub(super) cargo: T,
    pub(super) serial: u64,
    pub(super) status: EventStatus,
    pub(super) steps: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) step: Step,
    pub(super) state: State,
    /// Whether it was part of a request that was refused, and so must not be merged again.
    pub(super) is_alone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Ready,
    Taken,
    Done,
    GivenUp,
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

/// Whether the step is still there to be taken.
pub(super) fn is_ready<T>(jobs: &Slab<Job<T>>, id: StepId) -> bool {
    let job = jobs.get(id.slot).filter(|job| job.serial == id.serial);
    let entry = job.and_then(|job| job.steps.get(id.step));
    entry.is_some_and(|entry| entry.state == State::Ready)
}
