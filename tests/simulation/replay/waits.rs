//! How long heads of lanes have kept others waiting: at most as long as is reckoned here, since a pause without a named
//! length and the wait for the first turn are not seen from outside.

use std::time::Duration;

use courier_sink::courier::Class;

use super::{Place, Replay, State};
use crate::play::Face;

/// Timers of tokio go off up to a millisecond late, and so may what began before.
const SLACK: Duration = Duration::from_millis(1);

/// What time it is for each class, in which neither a hold counts nor a pause.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    last: Duration,
    is_held: bool,
    not_held: Duration,
    paused_until: [Duration; Class::ALL.len()],
    free: [Duration; Class::ALL.len()],
}

impl Times {
    pub(super) fn pass(&mut self, now: Duration) {
        if !self.is_held {
            self.not_held += now.saturating_sub(self.last);
            for (free, paused_until) in self.free.iter_mut().zip(self.paused_until) {
                *free += now.saturating_sub(paused_until.max(self.last));
            }
        }
        self.last = now;
    }

    pub(super) const fn last(&self) -> Duration {
        self.last
    }

    pub(super) fn is_before(&self, now: Duration) -> bool {
        self.last < now
    }

    pub(super) fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    pub(super) fn pause(&mut self, class: Class, length: Duration) {
        let until = &mut self.paused_until[class.index()];
        *until = (*until).max(self.last + length);
    }
}

impl Replay<'_> {
    /// Notes of each head when somebody came to stand behind it, or its source began to wait for it: it, or what rides on
    /// it, is what is left of an event that is Errored.
    pub(super) fn note_waits(&mut self) {
        let since = match self.played.face {
            Face::Stream => self.times,
            // What was taken in is noted with whatever comes next.
            Face::Service => self.times_before,
        };
        for queue in self.queues.values() {
            let Some(head) = queue.front() else { continue };
            let riders = self.riders.get(head).into_iter().flatten();
            let is_owed = riders.chain([head]).any(|it| self.lost.contains(&it.0));
            if is_owed || queue.iter().any(|it| it.0 != head.0) {
                self.awaited.entry(*head).or_insert(since);
            }
        }
    }

    fn is_overdue(&self, head: Place) -> bool {
        let Some(since) = self.awaited.get(&head) else { return false };
        let step = self.step(head);
        let class = step.action.class().index();
        // A membership waits in the time of the tenants as well.
        let waited = match step.after {
            Some(_) => self.times.not_held.saturating_sub(since.not_held),
            None => self.times.free[class].saturating_sub(since.free[class]),
        };
        waited + SLACK >= self.played.options.max_wait
    }

    /// A step was given up: it must be the head of a lane, and have kept others waiting for long enough.
    pub(super) fn give_up(&mut self, event: usize, endpoint: &str) -> Result<(), String> {
        let is_it = |step: &usize| {
            let place = (event, *step);
            let head = self.queues.get(&self.queue(place)).and_then(|queue| queue.front());
            self.step(place).action.endpoint().as_str() == endpoint && head == Some(&place)
        };
        let Some(step) = (0..self.steps(event).len()).find(is_it) else {
            self.give_up_late(event, endpoint);
            // It may have ridden on one that was.
            let is_lost = self.lost.contains(&event);
            let unfounded = format!("event {event} was given up and keeps nobody waiting");
            return if is_lost { Ok(()) } else { Err(unfounded) };
        };
        let head = (event, step);
        if !self.is_overdue(head) {
            return Err(format!("{head:?} was given up and did not keep others waiting for long"));
        }
        for place in [vec![head], self.riders.get(&head).cloned().unwrap_or_default()].concat() {
            self.lose(place);
        }
        Ok(())
    }

    /// The same for a step that became too old while its attempt was under way, and so has left its lane: what stood
    /// behind it goes with it all the same.
    fn give_up_late(&mut self, event: usize, endpoint: &str) {
        for place in (0..self.steps(event).len()).map(|step| (event, step)) {
            let is_it = self.step(place).action.endpoint().as_str() == endpoint;
            let next = self.queues.get(&self.queue(place)).and_then(|queue| queue.front()).copied();
            if is_it
                && self.is_late(event, self.times.last)
                && self.progress[&place].state == State::Over
                && let Some(next) = next.filter(|it| self.progress[it].state == State::Waiting)
            {
                self.lost.insert(event);
                self.lose(next);
            }
        }
    }
}
