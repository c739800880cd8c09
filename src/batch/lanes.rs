//! Order: one step of a lane at a time, in the order they came; whoever shares no lane shares no wait.
//!
//! A user's work may wait for a tenant's, never the reverse, so waits cannot form a circle. A lane exists only while
//! it holds work.

use std::collections::{HashMap, VecDeque, hash_map};
use std::time::Duration;

use slab::Slab;

use crate::courier::{Action, Class, KeySeed};
use crate::finalization::EventStatus;
use crate::plan::{Lane, Step};
use job::{Entry, Job, State, is_ready};
pub use plan_anew::Anew;
use waits::Waits;

mod expire;
mod give_up;
mod job;
mod plan_anew;
mod ride;
mod waits;

/// All work that has been released and has not ended. `T` is what rides on an event and is given back at its end.
#[derive(Debug)]
pub struct Lanes<T> {
    jobs: Slab<Job<T>>,
    queues: HashMap<Lane, VecDeque<StepId>>,
    ready: [Ready; Class::ALL.len()],
    ended: VecDeque<Ended<T>>,
    entered: u64,
    waits: Waits,
    moment: Duration,
}

/// One step of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId {
    slot: usize,
    /// Tells events apart that had the same slot.
    serial: u64,
    step: usize,
}

/// What leaves together: one request, and every step it does.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The step whose turn it was
    pub first: StepId,
    /// Its followers that ride on the request
    pub riders: Vec<StepId>,
}

/// An event all of whose steps have ended.
#[derive(Debug)]
pub struct Ended<T> {
    /// What rode on it
    pub cargo: T,
    /// How it ended: the worst end of a step
    pub status: EventStatus,
    /// Which steps were done, from 0; none are named where all were
    pub steps_done: Vec<usize>,
}

/// The steps of one class whose turn it is.
#[derive(Debug, Default)]
struct Ready {
    steps: VecDeque<StepId>,
    /// How many of them have been given up since.
    given_up: usize,
}

impl StepId {
    /// Which step of its event it is, from 0.
    pub const fn step(self) -> usize {
        self.step
    }
}

impl Parcel {
    /// All its steps, in the order of their lane.
    pub fn steps(&self) -> impl Iterator<Item = StepId> {
        std::iter::once(self.first).chain(self.riders.iter().copied())
    }
}

impl<T> Lanes<T> {
    /// No work. `longest` is how long the head of a lane may keep those behind it waiting.
    pub fn new(longest: Duration) -> Self {
        Self {
            jobs: Slab::new(),
            queues: HashMap::new(),
            ready: Default::default(),
            ended: VecDeque::new(),
            entered: 0,
            waits: Waits::new(longest),
            moment: Duration::ZERO,
        }
    }

    /// Events that have not ended.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there is no work.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Lanes that hold work.
    pub fn lanes(&self) -> usize {
        self.queues.len()
    }

    /// Takes in an event: each step goes to the end of its lane.
    /// Gives its first step.
    pub fn enter(&mut self, cargo: T, steps: Vec<Step>) -> StepId {
        let serial = self.entered;
        self.entered += 1;
        let count = steps.len();
        let steps = steps.into_iter().map(Entry::new).collect();
        let status = EventStatus::Delivered;
        let job = Job { cargo, serial, status, steps, was_attempted: false };
        let slot = self.jobs.insert(job);
        for step in 0..count {
            let id = StepId { slot, serial, step };
            let head = self.lane(id).map(|lane| {
                let queue = self.queues.entry(lane).or_default();
                queue.push_back(id);
                queue.front().copied().unwrap_or(id)
            });
            match head {
                Some(head) if head != id => self.stand_behind(head, id),
                Some(_) | None => self.make_ready(id),
            }
        }
        let first = StepId { slot, serial, step: 0 };
        self.try_end(first);
        first
    }

    /// Takes the next step of `class` whose turn it is, with the followers in its lane that can ride on its request.
    /// What idempotency keys are made of is the first one's: a request that wants a key has no riders.
    pub fn take(&mut self, class: Class) -> Option<(Parcel, Action, KeySeed)> {
        if !self.has_ready(class) {
            return None;
        }
        let first = self.ready.get_mut(class.index())?.steps.pop_front()?;
        let entry = self.entry_mut(first)?;
        entry.state = State::Taken;
        let (action, seed) = (entry.step.action.clone(), entry.step.seed.clone());
        self.attempted(first);
        let (action, riders) = self.take_riders(first, action);
        Some((Parcel { first, riders }, action, seed))
    }

    /// Whether [`Lanes::take`] has a step of `class`.
    pub fn has_ready(&mut self, class: Class) -> bool {
        let Some(ready) = self.ready.get_mut(class.index()) else {
            return false;
        };
        while let Some(id) = ready.steps.front() {
            if is_ready(&self.jobs, *id) {
                return true;
            }
            ready.steps.pop_front();
            ready.given_up = ready.given_up.saturating_sub(1);
        }
        false
    }

    /// What rides on the event of a step that has not ended.
    pub fn cargo_mut(&mut self, id: StepId) -> Option<&mut T> {
        self.job_mut(id).map(|job| &mut job.cargo)
    }

    /// Ends a taken step. `Delivered` lets its followers and dependents go. `Rejected` gives up the event's other
    /// steps, and its lanes go on. `Errored` gives up its followers as well, and theirs: what comes after an event
    /// that will be sent again must not overtake it.
    pub fn end(&mut self, id: StepId, status: EventStatus) {
        let Some(entry) = self.entry_mut(id).filter(|entry| entry.state == State::Taken) else {
            return;
        };
        if status == EventStatus::Delivered {
            entry.state = State::Done;
            self.leave(id);
            for step in self.steps_after(id) {
                self.try_ready(step);
            }
            self.try_end(id);
            return;
        }
        entry.state = State::GivenUp;
        let mut open = vec![id];
        if status == EventStatus::Errored {
            open.extend(self.take_behind(id));
        }
        self.leave(id);
        self.give_up(open, status);
    }

    /// The next event that has ended.
    pub fn pop_ended(&mut self) -> Option<Ended<T>> {
        self.ended.pop_front()
    }

    /// Makes a step ready if it is its turn.
    fn try_ready(&mut self, id: StepId) {
        let is_first = self
            .lane(id)
            .is_none_or(|lane| self.queues.get(&lane).and_then(VecDeque::front) == Some(&id));
        if is_first {
            self.make_ready(id);
        }
    }

    /// Makes the first step of a lane, or one in no lane, ready if it is its turn in its event as well.
    fn make_ready(&mut self, id: StepId) {
        let moment = self.moment;
        let Some(job) = self.job_mut(id) else {
            return;
        };
        let waits = job.waits(id.step);
        let Some(entry) = job.steps.get_mut(id.step) else {
            return;
        };
        if !waits && entry.state == State::Waiting {
            entry.state = State::Ready;
            entry.ready_at = moment;
            let class = entry.step.action.class();
            if let Some(ready) = self.ready.get_mut(class.index()) {
                ready.steps.push_back(id);
            }
            self.end_wait(id);
        }
    }

    /// Takes a step out of its lane; the next one may go.
    fn leave(&mut self, id: StepId) {
        self.end_wait(id);
        let Some(lane) = self.lane(id) else { return };
        let hash_map::Entry::Occupied(mut queue) = self.queues.entry(lane) else {
            return;
        };
        let Some(position) = position(queue.get(), id) else {
            return;
        };
        queue.get_mut().remove(position);
        match (queue.get().front().copied(), queue.get().back().copied()) {
            (Some(next), Some(newest)) if position == 0 => {
                self.make_ready(next);
                self.stand_behind(next, newest);
            }
            (Some(head), Some(newest)) => self.stand_no_more(head, newest),
            (Some(_), None) => {}
            (None, _) => {
                queue.remove();
            }
        }
    }

    fn steps_after(&self, id: StepId) -> Vec<StepId> {
        let steps = self.jobs.get(id.slot).map_or(&[][..], |job| &job.steps);
        let after = |(step, entry): (usize, &Entry)| {
            (entry.step.after == Some(id.step)).then_some(StepId { step, ..id })
        };
        steps.iter().enumerate().filter_map(after).collect()
    }

    /// Gives the event back if no step of it is left.
    fn try_end(&mut self, id: StepId) {
        if self.job_mut(id).is_some_and(|job| job.has_ended()) {
            let job = self.jobs.remove(id.slot);
            let steps_done = job.steps_done();
            self.ended.push_back(Ended { cargo: job.cargo, status: job.status, steps_done });
        }
    }
}

/// Where a step stands in its lane: steps enter in the order of their events, and of their places in them. Only behind what
/// is under way may there be older ones, which came into the lane when they were planned anew.
fn position(queue: &VecDeque<StepId>, id: StepId) -> Option<usize> {
    let place = |id: &StepId| (id.serial, id.step);
    let found = queue.binary_search_by_key(&place(&id), place).ok();
    found.or_else(|| queue.iter().position(|other| *other == id))
}

#[cfg(test)]
mod tests;
