//! How long the head of a lane keeps those behind it waiting, and which of them has for too long.
//!
//! A head keeps others waiting from when it was taken, or, if it waits for another lane, from when it is first in its
//! own: until it is its turn at the agreed pace nobody waits for *it*. Time is what counts for the class it waits for.
//! What is still under way of an event that is to go back to its source keeps that waiting, and has as long.

use std::collections::BTreeSet;
use std::time::Duration;

use super::job::{State, Wait};
use super::{Lanes, StepId};
use crate::courier::Class;
use crate::finalization::EventStatus;

/// Heads that somebody waits for.
#[derive(Debug)]
pub(super) struct Waits {
    longest: Duration,
    now: [Duration; Class::ALL.len()],
    /// Until when each may, in the time of its class
    due: [BTreeSet<(Duration, StepId)>; Class::ALL.len()],
}

impl Waits {
    pub(super) fn new(longest: Duration) -> Self {
        Self { longest, now: Default::default(), due: Default::default() }
    }

    fn now(&self, class: Class) -> Duration {
        self.now.get(class.index()).copied().unwrap_or_default()
    }

    /// Heads that nobody gave up may keep others waiting for so long from now on; none does at this moment.
    pub(super) fn set(&mut self, longest: Duration) {
        self.longest = longest;
    }

    fn first_overdue(&self) -> Option<StepId> {
        let mut overdue = self.due.iter().zip(self.now).filter_map(|(dues, now)| {
            let (due, id) = dues.first()?;
            (*due <= now).then_some(*id)
        });
        overdue.next()
    }

    fn begin(&mut self, class: Class, id: StepId, before: Duration) -> Duration {
        let left = self.longest.saturating_sub(before);
        let due = self.now(class).saturating_add(left);
        if let Some(dues) = self.due.get_mut(class.index()) {
            dues.insert((due, id));
        }
        due
    }

    /// Gives how long it has waited by now.
    fn end(&mut self, class: Class, id: StepId, due: Duration) -> Duration {
        if let Some(dues) = self.due.get_mut(class.index()) {
            dues.remove(&(due, id));
        }
        self.longest.saturating_sub(due.saturating_sub(self.now(class)))
    }
}

impl<T> Lanes<T> {
    /// Tells the time: of each class, how much of it counts so far. It never goes back.
    pub fn tell_time(&mut self, counted: [Duration; Class::ALL.len()]) {
        self.waits.now = counted;
    }

    /// When the next head of `class` will have kept others waiting for too long, in the time of the class.
    pub fn next_due(&self, class: Class) -> Option<Duration> {
        let dues = self.waits.due.get(class.index())?;
        dues.first().map(|(due, _)| *due)
    }

    /// A head that has kept others waiting for too long by now, each once.
    pub fn pop_overdue(&mut self) -> Option<StepId> {
        loop {
            let id = self.waits.first_overdue()?;
            self.end_wait(id);
            if self.is_awaited(id) {
                return Some(id);
            }
            // Those that waited ride with it now.
            self.forget_wait(id);
        }
    }

    /// Whether somebody stands behind the step who is neither of its event nor rides on its request, or an event that is
    /// to be sent again has only this to wait for.
    fn is_awaited(&self, id: StepId) -> bool {
        let queue = self.lane(id).and_then(|lane| self.queues.get(&lane));
        let Some(queue) = queue else { return self.is_owed(id) };
        let newest = queue.back().copied();
        newest.is_some_and(|newest| newest.serial != id.serial && !self.is_taken(newest))
            || queue.iter().take_while(|id| self.is_taken(**id)).any(|id| self.is_owed(*id))
    }

    /// Whether its event goes back to its source once all that is under way for it has ended.
    fn is_owed(&self, id: StepId) -> bool {
        let job = self.jobs.get(id.slot).filter(|job| job.serial == id.serial);
        job.is_some_and(|job| job.status == EventStatus::Errored)
    }

    /// Its event goes back to its source, which waits for this step, being under way: not for ever, though nobody may
    /// stand behind it. Where it rides on another's request the other one is asked to hurry.
    pub(super) fn hurry(&mut self, id: StepId) {
        let lane = self.lane(id).and_then(|lane| self.queues.get(&lane));
        let head = lane.and_then(|queue| queue.front()).copied().unwrap_or(id);
        self.begin_wait(head);
    }

    /// `newest` stands behind the head now, perhaps with others before it.
    pub(super) fn stand_behind(&mut self, head: StepId, newest: StepId) {
        // An event that is older and yet behind came into the lane when it was planned anew.
        let is_older = newest.serial < head.serial;
        if let Some(entry) = self.entry_mut(head) {
            entry.wait.newest = if is_older { u64::MAX } else { newest.serial };
        }
        self.try_wait(head, head);
    }

    /// Somebody left who stood behind the head; `newest` is the last that is there. If nobody waits any more, whoever comes
    /// next has not waited yet.
    pub(super) fn stand_no_more(&mut self, head: StepId, newest: StepId) {
        if let Some(entry) = self.entry_mut(head) {
            entry.wait.newest = newest.serial;
        }
        if !self.is_awaited(head) {
            self.end_wait(head);
            self.forget_wait(head);
        }
    }

    fn forget_wait(&mut self, id: StepId) {
        if let Some(entry) = self.entry_mut(id) {
            entry.wait.before = Duration::ZERO;
        }
    }

    /// The head may keep somebody waiting from now on: it was taken, or somebody came. `last` is the last of those that
    /// go with it.
    pub(super) fn try_wait(&mut self, id: StepId, last: StepId) {
        let Some(newest) = self.entry(id).map(|entry| entry.wait.newest) else { return };
        // What stands behind it and is of the same event is kept waiting by nobody else.
        if newest > last.serial || self.is_owed(id) {
            self.begin_wait(id);
        }
    }

    fn begin_wait(&mut self, id: StepId) {
        let Some(Wait { before, now: None, .. }) = self.entry(id).map(|entry| entry.wait) else {
            return;
        };
        let Some(class) = self.waits_for(id) else { return };
        let due = self.waits.begin(class, id, before);
        if let Some(entry) = self.entry_mut(id) {
            entry.wait.now = Some((class, due));
        }
    }

    /// It keeps nobody waiting any more, or not by itself.
    pub(super) fn end_wait(&mut self, id: StepId) {
        let Some((class, due)) = self.entry(id).and_then(|entry| entry.wait.now) else { return };
        let before = self.waits.end(class, id, due);
        if let Some(entry) = self.entry_mut(id) {
            (entry.wait.before, entry.wait.now) = (before, None);
        }
    }

    /// Whose time counts for a head: that of what is under way for it, or before it in another lane.
    fn waits_for(&self, id: StepId) -> Option<Class> {
        let entry = self.entry(id)?;
        let step = match entry.state {
            State::Taken => id.step,
            State::Waiting => entry.step.after?,
            State::Ready | State::Done | State::GivenUp => return None,
        };
        Some(self.entry(StepId { step, ..id })?.step.action.class())
    }
}

#[cfg(test)]
mod tests;
