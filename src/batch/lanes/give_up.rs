//! What happens to work that will not be done, and to what stands behind it.

use super::job::{State, is_ready};
use super::{Lanes, StepId, position};
use crate::courier::{Class, Endpoint};
use crate::finalization::EventStatus;

impl<T> Lanes<T> {
    /// Ends a taken step `Rejected`, and after it every event that waits behind it in its lane. Other lanes of theirs go
    /// on. `note` is told each one's cargo, with the step that waited and where it would have gone; perhaps twice.
    pub fn reject_with_followers(
        &mut self,
        id: StepId,
        mut note: impl FnMut(&mut T, usize, Endpoint),
    ) {
        if self.entry(id).is_none_or(|entry| entry.state != State::Taken) {
            return;
        }
        let behind = self.take_behind(id);
        self.end(id, EventStatus::Rejected);
        for follower in behind.into_iter().filter(|it| it.serial != id.serial) {
            let endpoint = self.entry(follower).map(|entry| entry.step.action.endpoint());
            if let (Some(endpoint), Some(cargo)) = (endpoint, self.cargo_mut(follower)) {
                note(cargo, follower.step, endpoint);
                self.give_up(vec![follower], EventStatus::Rejected);
            }
        }
    }

    /// Gives up everything that is left of the events of the `open` steps; with `Errored`, of all events behind them.
    /// A step is taken out of its lane once, so this takes no longer than there are steps to give up.
    pub(super) fn give_up(&mut self, mut open: Vec<StepId>, status: EventStatus) {
        while let Some(id) = open.pop() {
            let Some(job) = self.job_mut(id) else {
                continue;
            };
            job.status = job.status.max(status);
            let (mut given_up, mut under_way) = (Vec::new(), Vec::new());
            for (step, entry) in job.steps.iter_mut().enumerate() {
                if entry.state == State::Taken && job.status == EventStatus::Errored {
                    under_way.push(StepId { step, ..id });
                }
                if matches!(entry.state, State::Waiting | State::Ready) {
                    let was_ready = entry.state == State::Ready;
                    entry.state = State::GivenUp;
                    given_up.push((
                        StepId { step, ..id },
                        was_ready.then(|| entry.step.action.class()),
                    ));
                }
            }
            for (step, ready_in) in given_up {
                if status == EventStatus::Errored {
                    open.extend(self.take_behind(step));
                }
                self.leave(step);
                if let Some(class) = ready_in {
                    self.forget_ready(class);
                }
            }
            for step in under_way {
                self.hurry(step);
            }
            self.try_end(id);
        }
    }

    /// Gives up an event that waits for another lane, or for its turn, and as with `Errored` what is behind it.
    pub fn give_up_waiting(&mut self, id: StepId) {
        if !self.is_taken(id) {
            self.give_up(vec![id], EventStatus::Errored);
        }
    }

    /// Takes the steps behind this one out of its lane. None of them is ready: that is only ever the first.
    pub(super) fn take_behind(&mut self, id: StepId) -> Vec<StepId> {
        let queue = self.lane(id).and_then(|lane| self.queues.get_mut(&lane));
        let Some(queue) = queue else {
            return Vec::new();
        };
        position(queue, id).map_or_else(Vec::new, |first| queue.split_off(first + 1).into())
    }

    /// A ready step was given up. It stays in its queue until somebody looks, but there are never more of them than of
    /// the others.
    fn forget_ready(&mut self, class: Class) {
        let Some(ready) = self.ready.get_mut(class.index()) else {
            return;
        };
        ready.given_up += 1;
        if ready.given_up > ready.steps.len() / 2 {
            let jobs = &self.jobs;
            ready.steps.retain(|id| is_ready(jobs, *id));
            ready.given_up = 0;
        }
    }
}
