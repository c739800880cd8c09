//! The log, read again from outside: whose work each attempt is, and what waits in which lane. A second opinion on
//! `batch`, in the simplest form that can be written down.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use courier_sink::courier::{Action, Class, Endpoint, Request, TenantWrite};
use courier_sink::delivery::{FailureKind, Outcome, Verdict};
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
    /// The generation of its key, and whether an attempt with it may have run without saying so
    generation: u32,
    is_in_doubt: bool,
    /// Whether its last answer was a 403: then it is asked again once others were let through, or is Rejected
    is_forbidden: bool,
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
    /// What rides on a step that has started
    riders: BTreeMap<Place, Vec<Place>>,
    last_owner: Option<Place>,
    /// Events that may end Errored
    lost: BTreeSet<usize>,
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
            riders: BTreeMap::new(),
            last_owner: None,
            lost: BTreeSet::new(),
            ended: BTreeSet::new(),
            dropped: false,
        }
    }

    /// Takes note of one entry; an error is a broken promise.
    pub(crate) fn note(&mut self, Entry { at, what }: &Entry) -> Result<(), String> {
        match what {
            What::Taken(event) => self.enter(*event, *at),
            What::Start(attempt, asked) => {
                let owner = self.owner_of(asked)?;
                let riders = self.start(owner, asked)?;
                let owners = [vec![owner], riders].concat();
                self.owners.insert(*attempt, (asked.clone(), owners));
            }
            What::Rode(count) => self.ride(*count)?,
            What::Answer(attempt, Answered::Done(outcome)) => self.done(*attempt, *outcome, *at),
            What::Answer(attempt, Answered::Failed { verdict, wait, kind, stored, .. }) => {
                if !stored {
                    self.doubt(*attempt);
                }
                match verdict {
                    // A class that is throttled waits as a class; that is for the capacity to know.
                    Verdict::Retry if *kind == FailureKind::Throttled => {
                        self.failed(*attempt, *at, |_| Duration::ZERO);
                    }
                    Verdict::Retry => {
                        let options = &self.played.options;
                        let backoff = |retry| options.longest_backoff(retry, *wait);
                        self.failed(*attempt, *at, backoff);
                    }
                    Verdict::Hold => self.again(*attempt, *at, *kind == FailureKind::Forbidden),
                    Verdict::Reject => self.refused(*attempt, *at),
                }
            }
            What::Gone(attempt) if !self.dropped => {
                self.doubt(*attempt);
                let options = &self.played.options;
                self.failed(*attempt, *at, |retry| options.longest_backoff(retry, None));
            }
            What::Ended(event, status) => self.end(*event, *status, *at)?,
            What::Refused(event) => self.reject(*event, *at),
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
            let is_waiting = match progress.state {
                State::Waiting => self.is_free(head),
                State::Resting => true,
                State::UnderWay | State::Done | State::Over => false,
            };
            is_waiting.then(|| (head, self.step(head).action.class(), progress.ready_at))
        })
    }

    fn enter(&mut self, event: usize, at: Duration) {
        for step in 0..self.steps(event).len() {
            let ready_at = at + self.played.options.batch_timeout;
            let progress = Progress {
                state: State::Waiting,
                ready_at,
                failures: 0,
                generation: 0,
                is_in_doubt: false,
                is_forbidden: false,
            };
            let place = (event, step);
            self.progress.insert(place, progress);
            self.queues.entry(self.queue(place)).or_default().push_back(place);
        }
    }

    /// Whose work an attempt is: always that of the first in the lane.
    fn owner_of(&self, asked: &Asked) -> Result<Place, String> {
        let queue = match asked.keyed {
            Some(place) => self.queue(place),
            None => Queue::Lane(asked.lane.clone()),
        };
        let Some(head) = self.queues.get(&queue).and_then(VecDeque::front).copied() else {
            return Err(format!("nothing is to be done in the lane of {asked:?}"));
        };
        let is_it = asked.keyed.is_none_or(|keyed| keyed == head);
        let is_marked = asked.endpoint != Endpoint::PostProfile || asked.marks.contains(&head.0);
        if !is_it || !is_marked || !fits(&self.step(head).action, asked) {
            return Err(format!("it is not the turn of {asked:?}, but of {head:?}"));
        }
        Ok(head)
    }

    fn is_free(&self, place: Place) -> bool {
        let after = self.step(place).after.map(|step| self.progress[&(place.0, step)].state);
        after.is_none_or(|state| state == State::Done)
    }

    /// Starts an attempt of a step, and gives those that ride on it since an earlier attempt.
    fn start(&mut self, place: Place, asked: &Asked) -> Result<Vec<Place>, String> {
        if let Some(before) = self.step(place).after.map(|step| (place.0, step))
            && self.progress[&before].state != State::Done
        {
            return Err(format!("{place:?} does not wait for {before:?}"));
        }
        let mut riders = self.riders.get(&place).cloned().unwrap_or_default();
        if asked.endpoint == Endpoint::PostProfile && asked.marks.len() <= riders.len() {
            // Refused with 403 twice, all of them together: now each is sent on its own.
            for rider in self.riders.remove(&place).into_iter().flatten() {
                let progress = self.progress.get_mut(&rider).expect("it stands in a lane");
                (progress.state, progress.failures) = (State::Waiting, 0);
            }
            self.progress.get_mut(&place).expect("it stands in a lane").failures = 0;
            riders = Vec::new();
        }
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
    fn ride(&mut self, count: usize) -> Result<(), String> {
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
            // A 409 may be about a key whose first attempt still runs: then a fresh key finds out.
            let is_in_doubt = self.progress[&owner].is_in_doubt;
            if outcome == Outcome::Duplicate && is_in_doubt {
                self.rest(owner, at);
                continue;
            }
            if is_write_due {
                self.rest(owner, at).failures = 0;
                continue;
            }
            self.finish(owner, State::Done, at);
        }
    }

    fn rest(&mut self, place: Place, at: Duration) -> &mut Progress {
        let progress = self.progress.get_mut(&place).expect("it stands in a lane");
        (progress.state, progress.is_forbidden) = (State::Resting, false);
        progress.ready_at = progress.ready_at.max(at);
        progress
    }

    fn again(&mut self, attempt: usize, at: Duration, is_forbidden: bool) {
        for owner in self.owners[&attempt].1.clone() {
            self.rest(owner, at).is_forbidden = is_forbidden;
        }
    }

    /// Nobody knows whether the attempt did its work.
    fn doubt(&mut self, attempt: usize) {
        for owner in &self.owners[&attempt].1 {
            self.progress.get_mut(owner).expect("it stands in a lane").is_in_doubt = true;
        }
    }

    fn failed(&mut self, attempt: usize, at: Duration, backoff: impl Fn(usize) -> Duration) {
        let attempts = self.played.options.attempts;
        for owner in self.owners[&attempt].1.clone() {
            let progress = self.rest(owner, at);
            let retry = progress.failures;
            progress.failures += 1;
            progress.ready_at = at + backoff(retry);
            if attempts.is_some_and(|attempts| retry >= attempts) {
                self.lose(owner);
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
        self.riders.remove(&owners[0]);
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
    fn reject(&mut self, event: Option<usize>, at: Duration) {
        if let Some(event) = event.filter(|event| self.progress.contains_key(&(*event, 0))) {
            self.close(event, at);
        }
    }

    /// No further step of the event will be done.
    fn close(&mut self, event: usize, at: Duration) {
        for step in 0..self.steps(event).len() {
            let Progress { state, is_forbidden, .. } = self.progress[&(event, step)];
            if state == State::Waiting || is_forbidden {
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
                let is_done = |step| self.progress[&(event, step)].state == State::Done;
                if !(0..self.steps(event).len()).all(is_done) {
                    return Err(format!(
                        "event {event} is Delivered before all its steps are done"
                    ));
                }
            }
            EventStatus::Errored if self.dropped => {}
            EventStatus::Errored => {
                if !self.lost.contains(&event) {
                    return Err(format!("event {event} is Errored and was not exhausted"));
                }
                self.close(event, at);
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
