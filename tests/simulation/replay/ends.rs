//! Ends of attempts and of events, and what they make of the lanes.

use std::time::Duration;

use courier_sink::courier::{Action, Endpoint, TenantWrite};
use courier_sink::delivery::Outcome;
use courier_sink::finalization::EventStatus;

use super::{Place, Progress, Queue, Replay, State};
use crate::log::Asked;

impl Replay<'_> {
    pub(super) fn done(&mut self, attempt: usize, outcome: Outcome, at: Duration) {
        let (asked, owners) = self.owners[&attempt].clone();
        let mut late = Vec::new();
        for owner in owners {
            let is_write_due = match &self.step(owner).action {
                Action::UpdateTenant { update, .. } => {
                    let is_there = outcome != Outcome::Absent;
                    asked.endpoint == Endpoint::GetTenant
                        && !(is_there && update.write == TenantWrite::CreateOnly)
                }
                Action::Request(_) => false,
            };
            // A 409 may be about a key whose first attempt still runs: then a fresh key finds out.
            let is_in_doubt = self.progress[&owner].is_in_doubt;
            if outcome == Outcome::Duplicate && is_in_doubt {
                self.rest(owner, at);
                self.part_if_late(&[owner], at);
                continue;
            }
            if is_write_due {
                self.rest(owner, at).failures = 0;
                late.push(owner);
                continue;
            }
            self.finish(owner, State::Done, at);
        }
        if !late.is_empty() {
            self.part_if_late(&late, at);
        }
    }

    pub(super) fn rest(&mut self, place: Place, at: Duration) -> &mut Progress {
        let progress = self.progress.get_mut(&place).expect("it stands in a lane");
        (progress.state, progress.is_forbidden) = (State::Resting, false);
        progress.ready_at = progress.ready_at.max(at);
        progress
    }

    pub(super) fn again(&mut self, attempt: usize, at: Duration, is_forbidden: bool) {
        for owner in self.owners[&attempt].1.clone() {
            self.rest(owner, at).is_forbidden = is_forbidden;
        }
        self.part_if_late(&self.owners[&attempt].1.clone(), at);
    }

    /// Nobody knows whether the attempt did its work.
    pub(super) fn doubt(&mut self, attempt: usize) {
        for owner in &self.owners[&attempt].1 {
            self.progress.get_mut(owner).expect("it stands in a lane").is_in_doubt = true;
        }
    }

    pub(super) fn failed(
        &mut self,
        attempt: usize,
        at: Duration,
        backoff: impl Fn(usize) -> Duration,
    ) {
        let attempts = self.played.options.attempts;
        let mut is_lost = false;
        for owner in self.owners[&attempt].1.clone() {
            let progress = self.rest(owner, at);
            let retry = progress.failures;
            progress.failures += 1;
            progress.ready_at = at + backoff(retry);
            if attempts.is_some_and(|attempts| retry >= attempts) {
                is_lost = true;
                self.lose(owner);
            }
        }
        if !is_lost {
            self.part_if_late(&self.owners[&attempt].1.clone(), at);
        }
    }

    pub(super) fn refused(&mut self, attempt: usize, at: Duration) {
        let owners = self.owners[&attempt].1.clone();
        if let [owner] = owners[..] {
            self.follow(owner, at);
            self.finish(owner, State::Over, at);
            self.close(owner.0, at);
            return;
        }
        // Now each is sent on its own.
        self.riders.remove(&owners[0]);
        for owner in owners {
            let progress = self.rest(owner, at);
            (progress.failures, progress.state) = (0, State::Waiting);
        }
    }

    /// The event of `place` ends Errored, and with it what stands behind it, and what stands behind that.
    pub(super) fn lose(&mut self, place: Place) {
        let mut open = vec![place];
        // It is not under way any more.
        self.progress.get_mut(&place).expect("it stands in a lane").state = State::Waiting;
        while let Some((event, _)) = open.pop() {
            self.lost.insert(event);
            for step in 0..self.steps(event).len() {
                let place = (event, step);
                if self.progress[&place].state == State::Waiting {
                    let queue = &self.queues[&self.queue(place)];
                    open.extend(queue.iter().skip_while(|it| **it != place).skip(1));
                    self.finish(place, State::Over, Duration::ZERO);
                }
            }
        }
    }

    /// The event will be Rejected once its letter is kept; its lanes go on. Of those that were refused with 403 only
    /// this tells which are asked again and which are not.
    pub(super) fn reject(&mut self, event: Option<usize>, at: Duration) {
        if let Some(event) = event.filter(|event| self.progress.contains_key(&(*event, 0))) {
            if self.is_behind_a_lost_one(event) {
                self.followers.insert(event);
            }
            self.close_with_followers(event, at);
        }
    }

    fn close_with_followers(&mut self, event: usize, at: Duration) {
        for step in 0..self.steps(event).len() {
            if self.progress[&(event, step)].is_forbidden {
                self.follow((event, step), at);
            }
        }
        self.close(event, at);
    }

    /// A step that was refused with 403, and whose event is to end Errored anyway, may have been Rejected without a
    /// letter to show it. What is asked for now and cannot be its attempt does.
    pub(super) fn forsake(&mut self, asked: &Asked, at: Duration) {
        let queue = asked.keyed.map_or(Queue::Lane(asked.lane.clone()), |place| self.queue(place));
        while let Some(head) = self.queues.get(&queue).and_then(|it| it.front()).copied() {
            let is_other = match asked.keyed {
                Some(keyed) => keyed != head,
                None => !asked.marks.is_empty() && !asked.marks.contains(&head.0),
            };
            if !(is_other && self.lost.contains(&head.0) && self.progress[&head].is_forbidden) {
                return;
            }
            self.follow(head, at);
            self.finish(head, State::Over, at);
        }
    }

    /// What waits behind `place` in its lane at this moment is Rejected with it, if that is the rule.
    fn follow(&mut self, place: Place, at: Duration) {
        if !self.played.options.rejects_followers {
            return;
        }
        let queue = self.queues.get(&self.queue(place)).into_iter().flatten();
        let behind = queue.skip_while(|it| **it != place).filter(|it| it.0 != place.0);
        for (event, _) in behind.copied().collect::<Vec<Place>>() {
            self.followers.insert(event);
            for step in 0..self.steps(event).len() {
                // What is under way goes on.
                if self.progress[&(event, step)].state == State::Waiting {
                    self.finish((event, step), State::Over, at);
                }
            }
        }
    }

    /// Whether it waits behind a step that was refused with 403 and whose event is to end Errored anyway, for another
    /// step's sake: when that step is Rejected there is no letter to show it.
    fn is_behind_a_lost_one(&self, event: usize) -> bool {
        let is_lost =
            |place: &Place| self.lost.contains(&place.0) && self.progress[place].is_forbidden;
        let mut queues = (0..self.steps(event).len()).map(|step| self.queue((event, step)));
        self.played.options.rejects_followers
            && queues
                .any(|queue| self.queues.get(&queue).and_then(|it| it.front()).is_some_and(is_lost))
    }

    /// No further step of the event will be done.
    pub(super) fn close(&mut self, event: usize, at: Duration) {
        for step in 0..self.steps(event).len() {
            let Progress { state, is_forbidden, .. } = self.progress[&(event, step)];
            if state == State::Waiting || is_forbidden {
                self.finish((event, step), State::Over, at);
            }
        }
    }

    /// Takes a step out of its lane; the next one may go, and those that waited for it.
    pub(super) fn finish(&mut self, place: Place, state: State, at: Duration) {
        let progress = self.progress.get_mut(&place).expect("it stands in a lane");
        (progress.state, progress.is_forbidden) = (state, false);
        let queue = self.queue(place);
        let Some(places) = self.queues.get_mut(&queue) else { return };
        places.retain(|it| *it != place);
        let next = places.front().copied();
        if next.is_none() {
            self.queues.remove(&queue);
        }
        let steps = self.steps(place.0).iter().enumerate();
        let dependents = steps.filter(|(_, step)| step.after == Some(place.1));
        let dependents: Vec<Place> = dependents.map(|(step, _)| (place.0, step)).collect();
        for place in dependents.into_iter().chain(next) {
            let progress = self.progress.get_mut(&place).expect("it stands in a lane");
            progress.ready_at = progress.ready_at.max(at);
        }
    }

    pub(super) fn end(
        &mut self,
        event: usize,
        status: EventStatus,
        at: Duration,
    ) -> Result<(), String> {
        if !self.ended.insert(event) {
            return Err(format!("event {event} has two ends"));
        }
        if !self.progress.contains_key(&(event, 0)) {
            return Ok(());
        }
        match status {
            EventStatus::Delivered => {
                let is_done = |step| self.progress[&(event, step)].state == State::Done;
                if !(0..self.steps(event).len()).all(is_done) {
                    return Err(format!(
                        "event {event} is Delivered before all its steps are done"
                    ));
                }
            }
            EventStatus::Errored if self.dropped => {}
            EventStatus::Errored => {
                if !self.played.record(event).any(|event| self.lost.contains(&event)) {
                    return Err(format!("event {event} is Errored and was not exhausted"));
                }
                self.close_with_followers(event, at);
            }
            EventStatus::Rejected => self.close(event, at),
        }
        Ok(())
    }
}
