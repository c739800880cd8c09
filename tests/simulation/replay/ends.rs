//! Ends of steps and of events, and what they make of the lanes.

use std::time::Duration;

use courier_sink::finalization::EventStatus;

use super::{Place, Replay, State};

impl Replay<'_> {
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

    /// The event will be Rejected once its letter is kept; its lanes go on.
    pub(super) fn reject(&mut self, event: Option<usize>, at: Duration) {
        if let Some(event) = event.filter(|event| self.progress.contains_key(&(*event, 0))) {
            self.close(event, at);
        }
    }

    /// What waits behind `place` in its lane at this moment is Rejected with it, if that is the rule.
    pub(super) fn follow(&mut self, place: Place, at: Duration) {
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

    /// No further step of the event will be done.
    pub(super) fn close(&mut self, event: usize, at: Duration) {
        for step in 0..self.steps(event).len() {
            if self.progress[&(event, step)].state == State::Waiting {
                self.finish((event, step), State::Over, at);
            }
        }
    }

    /// Takes a step out of its lane; the next one may go, and those that waited for it.
    pub(super) fn finish(&mut self, place: Place, state: State, at: Duration) {
        let progress = self.progress.get_mut(&place).expect("it stands in a lane");
        progress.state = state;
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
                self.close(event, at);
            }
            EventStatus::Rejected => self.close(event, at),
        }
        Ok(())
    }
}
