//! Events that end before their turn, and what is put back because of them.

use super::job::State;
use super::{Lanes, Parcel, StepId};
use crate::courier::Endpoint;
use crate::finalization::EventStatus;

impl<T> Lanes<T> {
    /// The first step of the event of `id` that has not been taken, and where it would go.
    pub fn next_step(&self, id: StepId) -> Option<(StepId, Endpoint)> {
        let job = self.jobs.get(id.slot).filter(|job| job.serial == id.serial)?;
        let is_there = |state| matches!(state, State::Waiting | State::Ready);
        let step = job.steps.iter().position(|entry| is_there(entry.state))?;
        let endpoint = job.steps.get(step)?.step.action.endpoint();
        Some((StepId { step, ..id }, endpoint))
    }

    /// Rejects the event of `id`: its steps that were not taken are given up, and their lanes go on. It ends when those
    /// that were taken have.
    pub fn reject_rest(&mut self, id: StepId) {
        self.give_up(vec![id], EventStatus::Rejected);
    }

    /// Puts the steps of a parcel back of which nothing was refused, to be taken again with whoever can ride then.
    pub fn put_back(&mut self, parcel: &Parcel) {
        for id in parcel.steps() {
            if let Some(entry) = self.entry_mut(id).filter(|entry| entry.state == State::Taken) {
                entry.state = State::Waiting;
            }
        }
        for id in parcel.steps() {
            self.try_ready(id);
        }
    }
}
