//! Starts of attempts: whose work they are, and what rides on them.

use courier_sink::courier::{Action, Endpoint, Request};

use super::{Place, Queue, Replay, State};
use crate::events::Meaning;
use crate::log::Asked;

impl Replay<'_> {
    /// Whose work an attempt is: always that of the first in the lane.
    pub(super) fn owner_of(&self, asked: &Asked) -> Result<Place, String> {
        let Some(head) = self.head_of(asked) else {
            return Err(format!("nothing is to be done in the lane of {asked:?}"));
        };
        if self.progress[&head].state == State::Waiting && !self.is_free(head) {
            return Err(format!("{head:?} waits for another step of its event"));
        }
        let is_it = asked.keyed.is_none_or(|keyed| keyed == head);
        let is_marked = asked.endpoint != Endpoint::PostProfile || asked.marks.contains(&head.0);
        if !is_it || !is_marked || !fits(&self.step(head).action, asked) {
            return Err(format!("it is not the turn of {asked:?}, but of {head:?}"));
        }
        Ok(head)
    }

    /// Who is first in the lane that an attempt is about.
    pub(super) fn head_of(&self, asked: &Asked) -> Option<Place> {
        let lane = || Some(Queue::Lane(asked.lane.clone()));
        let queue = match asked.keyed {
            Some(place) => Some(self.queue(place)),
            None => {
                lane().filter(|lane| self.queues.contains_key(lane)).or_else(|| self.alone(asked))
            }
        };
        self.queues.get(&queue?)?.front().copied()
    }

    /// The step in no lane that is asked for.
    fn alone(&self, asked: &Asked) -> Option<Queue> {
        let is_it = |queue: &&Queue| match **queue {
            Queue::Lane(_) => false,
            Queue::Alone(place) => {
                let is_marked =
                    asked.endpoint != Endpoint::PostProfile || asked.marks.contains(&place.0);
                is_marked && fits(&self.step(place).action, asked)
            }
        };
        self.queues.keys().find(is_it).cloned()
    }

    pub(super) fn is_free(&self, place: Place) -> bool {
        let after = self.step(place).after.map(|step| self.progress[&(place.0, step)].state);
        after.is_none_or(|state| state == State::Done)
    }

    /// Starts an attempt of a step, and gives those that ride on it since an earlier attempt.
    pub(super) fn start(&mut self, place: Place, asked: &Asked) -> Result<Vec<Place>, String> {
        if let Some(before) = self.step(place).after.map(|step| (place.0, step))
            && self.progress[&before].state != State::Done
        {
            return Err(format!("{place:?} does not wait for {before:?}"));
        }
        let riders = self.riders.get(&place).cloned().unwrap_or_default();
        for place in riders.iter().chain([&place]) {
            let progress = self.progress.get_mut(place).expect("it stands in a lane");
            if progress.state == State::UnderWay {
                return Err(format!("{place:?} is under way twice"));
            }
            progress.state = State::UnderWay;
            progress.is_in_doubt &= progress.generation == asked.generation;
            progress.generation = asked.generation;
        }
        self.last_owner = Some(place);
        Ok(riders)
    }

    /// The next `count` in the lane do not wait for their own turn.
    pub(super) fn ride(&mut self, count: usize) -> Result<(), String> {
        let first = self.last_owner.expect("an attempt was started just now");
        let lane = self.queues[&self.queue(first)].iter().skip(1);
        let riders: Vec<Place> = lane.take(count).copied().collect();
        let (asked, owners) = self.owners.values_mut().next_back().expect("it is that attempt");
        for rider in &riders {
            let Meaning::Steps(steps) = &self.played.events[rider.0].meaning else { continue };
            if !fits(&steps[rider.1].action, asked) {
                return Err(format!("{rider:?} cannot ride on {first:?}"));
            }
        }
        owners.extend(&riders);
        if asked.endpoint == Endpoint::PostProfile
            && owners.iter().any(|(event, _)| !asked.marks.contains(event))
        {
            return Err(format!("{owners:?} are not all in {asked:?}"));
        }
        for rider in &riders {
            self.progress.get_mut(rider).expect("it stands in a lane").state = State::UnderWay;
        }
        self.riders.insert(first, riders);
        Ok(())
    }
}

/// Whether `action` can be what an attempt asks for.
fn fits(action: &Action, asked: &Asked) -> bool {
    match action {
        Action::Request(request) => {
            request.path() == asked.path && request.endpoint() == asked.endpoint
        }
        Action::UpdateTenant { tenant, .. } => {
            let read = Request::GetTenant { tenant: tenant.clone() };
            read.path() == asked.path
                && matches!(asked.endpoint, Endpoint::GetTenant | Endpoint::PutTenant)
        }
    }
}
