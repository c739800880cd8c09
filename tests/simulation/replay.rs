//! The log, read again from outside: whose work each attempt is, and what waits in which lane. A second opinion on
//! `batch`, in the simplest form that can be written down.
//!
//! It is told nothing about merging. A merged profile bears the marks of its events; of equal neighbours it cannot be
//! known whether they were one request, so such a neighbour counts as done unless it is seen to be sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use courier_sink::courier::{Action, Class, Endpoint, Request, TenantWrite};
use courier_sink::delivery::{Outcome, Verdict};
use courier_sink::finalization::EventStatus;
use courier_sink::plan::{Lane, Step};

use crate::events::Meaning;
use crate::log::{Answered, Asked, Entry, What};
use crate::play::Played;

/// An event's number and a step's.
pub(crate) type Place = (usize, usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    UnderWay,
    /// Sent, and to be sent again, or its second request is due
    Resting,
    /// Done if an equal neighbour's request was its own
    Perhaps,
    Done,
    Over,
}

#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) state: State,
    /// By when it may have been waiting for something else
    pub(crate) ready_at: Duration,
    /// Failures of the request that is due
    failures: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Queue {
    Lane(Lane),
    /// In no lane
    Alone(Place),
}

pub(crate) struct Replay<'a> {
    played: &'a Played,
    pub(crate) queues: BTreeMap<Queue, VecDeque<Place>>,
    progress: BTreeMap<Place, Progress>,
    /// Whose work each attempt is
    pub(crate) owners: BTreeMap<usize, (Asked, Vec<Place>)>,
    /// Events that may end Errored
    lost: BTreeSet<usize>,
    /// The same, where it cannot be told which of them will
    doubtful: BTreeSet<usize>,
    ended: BTreeSet<usize>,
    dropped: bool,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(played: &'a Played) -> Self {
        Self {
            played,
            queues: BTreeMap::new(),
            progress: BTreeMap::new(),
            owners: BTreeMap::new(),
            lost: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            ended: BTreeSet::new(),
            dropped: false,
        }
    }

    /// Takes note of one entry; an error is a broken promise.
    pub(crate) fn note(&mut self, Entry { at, what }: &Entry) -> Result<(), String> {
        match what {
            What::Taken(event) => self.enter(*event, *at),
            What::Start(attempt, asked) => {
                let owners = self.owners_of(asked)?;
                for owner in &owners {
                    self.start(*owner)?;
                }
                self.owners.insert(*attempt, (asked.clone(), owners));
            }
            What::Answer(attempt, Answered::Done(outcome)) => self.done(*attempt, *outcome, *at),
            What::Answer(attempt, Answered::Failed { verdict, wait, kind, .. }) => match verdict {
                Verdict::Retry => {
                    // A class that is throttled waits as a class; that is for the capacity to know.
                    let is_throttled = *kind == courier_sink::delivery::FailureKind::Throttled;
                    self.failed(*attempt, *at, wait.filter(|_| !is_throttled), is_throttled);
                }
                Verdict::Hold => self.again(*attempt, *at),
                Verdict::Reject => self.refused(*attempt, *at),
            },
            What::Gone(attempt) if !self.dropped => self.failed(*attempt, *at, None, false),
            What::Ended(event, status) => self.end(*event, *status, *at)?,
            What::LetterLost(event) => self.lost.extend(event),
            What::Dropped => self.dropped = true,
            What::Gone(_)
            | What::Responded(..)
            | What::Letter(..)
            | What::Commit(_)
            | What::Held(_)
            | What::Finished => {}
        }
        Ok(())
    }

    pub(crate) fn steps(&self, event: usize) -> &'a [Step] {
        match &self.played.events[event].meaning {
            Meaning::Steps(steps) => steps,
            Meaning::Unreadable | Meaning::Skipped | Meaning::Refused => &[],
        }
    }

    pub(crate) fn step(&self, (event, step): Place) -> &'a Step {
        &self.steps(event)[step]
    }

    pub(crate) fn queue(&self, place: Place) -> Queue {
        match &self.step(place).lane {
            Lane::None => Queue::Alone(place),
            lane => Queue::Lane(lane.clone()),
        }
    }

    /// The steps whose turn it is and that wait, with their classes and by when they are ready.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (Place, Class, Duration)> {
        self.queues.values().filter_map(|queue| {
            let head = *queue.front()?;
            let progress = &self.progress[&head];
            let after = self.step(head).after.map(|step| self.progress[&(head.0, step)].state);
            let is_free = after.is_none_or(|state| state == State::Done);
            let is_waiting = match progress.state {
                State::Waiting => is_free,
                State::Resting => true,
                State::UnderWay | State::Perhaps | State::Done | State::Over => false,
            };
            is_waiting.then(|| (head, self.step(head).action.class(), progress.ready_at))
        })
    }

    fn enter(&mut self, event: usize, at: Duration) {
        for step in 0..self.steps(event).len() {
            let ready_at = at + self.played.options.batch_timeout;
            let place = (event, step);
            self.progress.insert(place, Progress { state: State::Waiting, ready_at, failures: 0 });
            self.queues.entry(self.queue(place)).or_default().push_back(place);
        }
    }

    /// Whose work an attempt is: always that of the first in the lane, perhaps with its next followers.
    fn owners_of(&mut self, asked: &Asked) -> Result<Vec<Place>, String> {
        let queue = match asked.keyed {
            Some(place) if self.played.events.len() > place.0 => self.queue(place),
            _ => Queue::Lane(asked.lane.clone()),
        };
        let is_it = |place: &Place| fits(&self.step(*place).action, asked);
        let Some(places) = self.queues.get(&queue) else {
            return Err(format!("nothing is to be done in the lane of {asked:?}"));
        };
        // What perhaps was done, and is not done now, was done.
        let is_past = |place: &&Place| self.progress[place].state == State::Perhaps && !is_it(place);
        let past: Vec<Place> = places.iter().take_while(is_past).copied().collect();
        let count = match asked.endpoint {
            Endpoint::PostProfile => asked.marks.len().max(1),
            _ => 1,
        };
        let owners: Vec<Place> = places.iter().skip(past.len()).take(count).copied().collect();
        let is_own = |place: &Place| {
            is_it(place)
                && asked.keyed.is_none_or(|keyed| keyed == *place)
                && (asked.endpoint != Endpoint::PostProfile || asked.marks.contains(&place.0))
        };
        if owners.len() != count || !owners.iter().all(is_own) {
            return Err(format!("it is not the turn of {asked:?}, but of {owners:?}"));
        }
        for place in past {
            self.finish(place, State::Done, Duration::ZERO);
        }
        Ok(owners)
    }

    fn start(&mut self, place: Place) -> Result<(), String> {
        if let Some(before) = self.step(place).after {
            let before = (place.0, before);
            if self.progress[&before].state == State::Perhaps {
                self.finish(before, State::Done, Duration::ZERO);
            }
            if self.progress[&before].state != State::Done {
                return Err(format!("{place:?} does not wait for {before:?}"));
            }
        }
        let progress = self.progress.get_mut(&place).expect("it stands in a lane");
        match progress.state {
            State::Waiting | State::Resting | State::Perhaps => progress.state = State::UnderWay,
            State::UnderWay => return Err(format!("{place:?} is under way twice")),
            State::Done | State::Over => return Err(format!("{place:?} is sent after its end")),
        }
        Ok(())
    }

    fn done(&mut self, attempt: usize, outcome: Outcome, at: Duration) {
        let (asked, owners) = self.owners[&attempt].clone();
        for owner in owners {
            let is_write_due = match &self.step(owner).action {
                Action::UpdateTenant { update, .. } => {
                    let is_there = outcome != Outcome::Absent;
                    asked.endpoint == Endpoint::GetTenant
                        && !(is_there && update.write == TenantWrite::CreateOnly)
                }
                Action::Request(_) => false,
            };
            if is_write_due {
                self.rest(owner, at).failures = 0;
                continue;
            }
            let equal = self.equal_neighbours(owner);
            self.finish(owner, State::Done, at);
            for place in equal {
                self.progress.get_mut(&place).expect("it stands in a lane").state = State::Perhaps;
            }
        }
    }

    /// The followers that may have been the same request.
    fn equal_neighbours(&self, place: Place) -> Vec<Place> {
        let action = &self.step(place).action;
        if matches!(action.endpoint(), Endpoint::PutMembership | Endpoint::PutTenant) {
            let behind = self.queues[&self.queue(place)].iter().skip_while(|it| **it != place);
            let is_equal = |other: &&Place| self.step(**other).action == *action;
            return behind.skip(1).take_while(is_equal).copied().collect();
        }
        Vec::new()
    }

    fn rest(&mut self, place: Place, at: Duration) -> &mut Progress {
        let progress = self.progress.get_mut(&place).expect("it stands in a lane");
        progress.state = State::Resting;
        progress.ready_at = progress.ready_at.max(at);
        progress
    }

    fn again(&mut self, attempt: usize, at: Duration) {
        for owner in self.owners[&attempt].1.clone() {
            self.rest(owner, at);
        }
    }

    fn failed(&mut self, attempt: usize, at: Duration, asked: Option<Duration>, at_once: bool) {
        let owners = self.owners[&attempt].1.clone();
        for owner in owners {
            let options = &self.played.options;
            let progress = self.rest(owner, at);
            let retry = progress.failures;
            progress.failures += 1;
            if options.attempts.is_none_or(|attempts| retry < attempts) {
                let backoff = options.longest_backoff(retry, asked);
                progress.ready_at = if at_once { at } else { at + backoff };
                continue;
            }
            let mut equal = self.equal_neighbours(owner);
            if equal.is_empty() {
                self.lose(owner);
            } else {
                equal.push(owner);
                self.doubtful.extend(equal.into_iter().map(|(event, _)| event));
                self.doubtful.insert(owner.0);
            }
        }
    }

    fn refused(&mut self, attempt: usize, at: Duration) {
        let owners = self.owners[&attempt].1.clone();
        if let [owner] = owners[..] {
            self.finish(owner, State::Over, at);
            self.close(owner.0, at);
            return;
        }
        // Now each is sent on its own.
        for owner in owners {
            let progress = self.rest(owner, at);
            (progress.failures, progress.state) = (0, State::Waiting);
        }
    }

    /// The event of `place` ends Errored, and with it what stands behind it, and what stands behind that.
    fn lose(&mut self, place: Place) {
        let mut open = vec![place];
        // It is not under way any more.
        self.progress.get_mut(&place).expect("it stands in a lane").state = State::Waiting;
        while let Some((event, _)) = open.pop() {
            self.lost.insert(event);
            for step in 0..self.steps(event).len() {
                let place = (event, step);
                if matches!(self.progress[&place].state, State::Waiting | State::Perhaps) {
                    let queue = &self.queues[&self.queue(place)];
                    open.extend(queue.iter().skip_while(|it| **it != place).skip(1));
                    self.finish(place, State::Over, Duration::ZERO);
                }
            }
        }
    }

    /// No further step of the event will be done.
    fn close(&mut self, event: usize, at: Duration) {
        for step in 0..self.steps(event).len() {
            let state = self.progress[&(event, step)].state;
            if matches!(state, State::Waiting | State::Perhaps) {
                self.finish((event, step), State::Over, at);
            }
        }
    }

    /// Takes a step out of its lane; the next one may go, and those that waited for it.
    fn finish(&mut self, place: Place, state: State, at: Duration) {
        self.progress.get_mut(&place).expect("it stands in a lane").state = state;
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

    fn end(&mut self, event: usize, status: EventStatus, at: Duration) -> Result<(), String> {
        if !self.ended.insert(event) {
            return Err(format!("event {event} has two ends"));
        }
        if !self.progress.contains_key(&(event, 0)) {
            return Ok(());
        }
        match status {
            EventStatus::Delivered => {
                let is_done = |step| {
                    matches!(self.progress[&(event, step)].state, State::Done | State::Perhaps)
                };
                if !(0..self.steps(event).len()).all(is_done) {
                    return Err(format!("event {event} is Delivered before all its steps are done"));
                }
                for step in 0..self.steps(event).len() {
                    self.finish((event, step), State::Done, at);
                }
            }
            EventStatus::Errored if self.dropped => {}
            EventStatus::Errored => {
                if !self.lost.contains(&event) && self.doubtful.contains(&event) {
                    self.lose((event, 0));
                }
                if !self.lost.contains(&event) {
                    return Err(format!("event {event} is Errored and was not exhausted"));
                }
            }
            EventStatus::Rejected => self.close(event, at),
        }
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
