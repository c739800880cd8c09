//! How long heads of lanes have kept others waiting: at most as long as is reckoned here, since a pause without a named
//! length and the wait for the first turn are not seen from outside.

use std::collections::BTreeSet;
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
    /// Notes of each head when somebody came to stand behind it.
    pub(super) fn note_waits(&mut self) {
        let since = match self.played.face {
            Face::Stream => self.times,
            // What was taken in is noted with whatever comes next.
            Face::Service => self.times_before,
        };
        for queue in self.queues.values() {
            let Some(head) = queue.front() else { continue };
            if queue.iter().any(|it| it.0 != head.0) {
                self.awaited.entry(*head).or_insert(since);
            }
        }
    }

    pub(super) fn is_overdue(&self, head: Place) -> bool {
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

    /// Gives up the head that has kept `event` waiting, or is of it, if one has for long enough. Of several it was the
    /// one that takes the fewest with it, as long as no more of them end.
    pub(super) fn expire(&mut self, event: usize) {
        let heads = self.queues.values().filter_map(|queue| queue.front().copied());
        let overdue = heads.filter(|head| self.is_overdue(*head));
        let lost = overdue.map(|head| (self.goes_with(head), head));
        let lost = lost.filter(|(events, _)| events.contains(&event));
        if let Some((_, head)) = lost.min_by_key(|(events, _)| events.len()) {
            self.expire_head(head);
        }
    }

    /// The same for one head; whether there was reason to.
    pub(super) fn expire_head(&mut self, head: Place) -> bool {
        let is_overdue = self.is_overdue(head);
        if is_overdue {
            let riders = self.riders.get(&head).cloned().unwrap_or_default();
            for place in [vec![head], riders].concat() {
                self.lose(place);
            }
        }
        is_overdue
    }

    /// The events that are lost with a head: what stands behind it, and behind that.
    fn goes_with(&self, head: Place) -> BTreeSet<usize> {
        let (mut events, mut open) = (BTreeSet::new(), vec![head]);
        while let Some(place) = open.pop() {
            if !events.insert(place.0) {
                continue;
            }
            let waiting = (0..self.steps(place.0).len()).map(|step| (place.0, step));
            let waiting = waiting
                .filter(|it| *it == head || self.progress[it].state == State::Waiting)
                .filter_map(|it| Some((it, self.queues.get(&self.queue(it))?)));
            for (it, queue) in waiting {
                open.extend(queue.iter().skip_while(|other| **other != it).skip(1));
            }
        }
        events
    }
}
