//! Events that are planned anew before anything of them was begun: each keeps its place in the order of all events.

use std::time::Duration;

use super::job::{Entry, State};
use super::{Lanes, StepId};
use crate::courier::Class;
use crate::finalization::EventStatus;
use crate::plan::Step;

/// What becomes of an event that is planned anew.
#[derive(Debug)]
pub enum Anew<E> {
    /// Its plan is the same
    Same,
    /// It has other steps, at least one
    Steps(Vec<Step>),
    /// It has none, and is given back
    Ended(E),
}

impl<T> Lanes<T> {
    /// Asks `plan` about each event none of whose steps was ever taken, in the order they came. Those it ends are taken out
    /// and given back, each with what it said. In every lane the steps stand by the order of their events afterwards, save
    /// that what is under way stays first. `longest` is how long heads may keep others waiting from now on; what they have
    /// waited counts.
    pub fn plan_anew<E>(
        &mut self,
        longest: Duration,
        mut plan: impl FnMut(StepId, &mut T, &mut dyn Iterator<Item = &Step>) -> Anew<E>,
    ) -> Vec<(T, E)> {
        for id in self.all_steps() {
            self.end_wait(id);
        }
        self.waits.set(longest);
        let mut events: Vec<_> = self.jobs.iter().map(|(slot, job)| (job.serial, slot)).collect();
        events.sort_unstable();
        let mut ended = Vec::new();
        for (serial, slot) in events {
            let Some(job) = self.jobs.get_mut(slot).filter(|job| !job.was_attempted) else {
                continue;
            };
            let id = StepId { slot, serial, step: 0 };
            let mut steps = job.steps.iter().map(|entry| &entry.step);
            match plan(id, &mut job.cargo, &mut steps) {
                Anew::Same => {}
                Anew::Steps(steps) => job.steps = steps.into_iter().map(Entry::new).collect(),
                Anew::Ended(end) => ended.push((self.jobs.remove(slot).cargo, end)),
            }
        }
        self.stand_anew();
        ended
    }

    /// Every step that has not ended, what is under way first, then in the order of the events.
    fn all_steps(&self) -> Vec<StepId> {
        let mut steps = Vec::new();
        for (slot, job) in &self.jobs {
            for (step, entry) in job.steps.iter().enumerate() {
                let is_taken = entry.state == State::Taken;
                if is_taken || matches!(entry.state, State::Waiting | State::Ready) {
                    steps.push((!is_taken, StepId { slot, serial: job.serial, step }));
                }
            }
        }
        steps.sort_unstable_by_key(|(waits, id)| (*waits, id.serial, id.step));
        steps.into_iter().map(|(_, id)| id).collect()
    }

    /// Forms all lanes anew, and finds out whose turn it is.
    fn stand_anew(&mut self) {
        self.queues.clear();
        for class in Class::ALL {
            if let Some(ready) = self.ready.get_mut(class.index()) {
                ready.steps.clear();
                ready.given_up = 0;
            }
        }
        let steps = self.all_steps();
        for id in &steps {
            if let Some(entry) = self.entry_mut(*id).filter(|entry| entry.state == State::Ready) {
                entry.state = State::Waiting;
            }
            if let Some(lane) = self.lane(*id) {
                self.queues.entry(lane).or_default().push_back(*id);
            }
        }
        for id in steps {
            self.try_ready(id);
            let queue = self.lane(id).and_then(|lane| self.queues.get(&lane));
            let ends = queue.and_then(|queue| Some((*queue.front()?, *queue.back()?)));
            if let Some((head, newest)) = ends
                && head == id
                && newest != id
            {
                self.stand_behind(head, newest);
            }
            let is_owed = self.job_mut(id).is_some_and(|job| job.status == EventStatus::Errored);
            if is_owed && self.is_taken(id) {
                self.hurry(id);
            }
        }
    }
}

#[cfg(test)]
mod tests;
