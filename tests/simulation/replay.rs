//! The log, read again from outside: whose work each attempt is, and what waits in which lane. A second opinion on
//! `batch`, in the simplest form that can be written down.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use courier_sink::courier::Class;
use courier_sink::plan::{Lane, Step};

use crate::events::Meaning;
use crate::log::{Asked, Entry, What};
use crate::play::Played;
use behind::LeftBehind;
use holds::Holds;
use waits::Times;

mod answers;
mod ends;
mod behind;
mod holds;
mod late;
mod starts;
mod waits;

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
    /// Whether the request that is due was refused with 403, and how many holds had ended by then
    forbidden_at: Option<usize>,
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
    /// Events that waited behind one that was Rejected, and so are as well
    pub(crate) followers: BTreeSet<usize>,
    ended: BTreeSet<usize>,
    left_behind: LeftBehind,
    holds: Holds,
    times: Times,
    /// Those of the last moment at which anything was noted, and of the last before that
    times_noted: Times,
    times_before: Times,
    /// Heads that others stand behind, with the times since when
    awaited: BTreeMap<Place, Times>,
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
            followers: BTreeSet::new(),
            ended: BTreeSet::new(),
            left_behind: LeftBehind::default(),
            holds: Holds::default(),
            times: Times::default(),
            times_noted: Times::default(),
            times_before: Times::default(),
            awaited: BTreeMap::new(),
            dropped: false,
        }
    }

    /// Takes note of one entry; an error is a broken promise.
    pub(crate) fn note(&mut self, entry: &Entry) -> Result<(), String> {
        self.times.pass(entry.at);
        // What Courier did unseen is noted later, and so says nothing of when others were noted.
        if !matches!(entry.what, What::Commit(_)) {
            if self.times_noted.is_before(entry.at) {
                self.times_before = self.times_noted;
            }
            self.times_noted = self.times;
        }
        let noted = self.look(entry);
        self.note_those_gone();
        self.note_waits();
        noted
    }

    fn look(&mut self, Entry { at, what }: &Entry) -> Result<(), String> {
        self.end_late(*at);
        match what {
            What::Taken(event) => {
                self.enter(*event, *at);
                self.leave_behind(*event);
                self.end_late(*at);
            }
            What::Start(attempt, asked) => {
                let owner = self.owner_of(asked)?;
                let riders = self.start(owner, asked)?;
                let owners = [vec![owner], riders].concat();
                self.check_in_time(&owners, *at)?;
                self.owners.insert(*attempt, (asked.clone(), owners));
            }
            What::Rode(count) => {
                self.ride(*count)?;
                let owners = self.owners.values().next_back().map(|(_, owners)| owners.clone());
                self.check_in_time(&owners.unwrap_or_default(), *at)?;
            }
            What::Answer(attempt, answered) => self.answer(*attempt, answered, *at),
            What::Gone(attempt) if !self.dropped => self.gone(*attempt, *at),
            What::Ended(event, status) => self.end(*event, *status, *at)?,
            What::Refused(event) => self.reject(*event, *at),
            What::LetterLost(event) => {
                self.lost.extend(event);
                // Its lanes went on before.
                self.left_behind.gone.extend(event);
            }
            What::GivenUp(event, endpoint) => self.give_up(*event, endpoint)?,
            What::Dropped => self.dropped = true,
            What::Held(is_held) if *is_held != self.holds.is_on() => {
                return Err(format!("that everything is held is said to be {is_held}"));
            }
            What::Gone(_)
            | What::Responded(..)
            | What::Letter(..)
            | What::Held(_)
            | What::Commit(_)
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

    /// Whether everything is held.
    pub(crate) const fn is_held(&self) -> bool {
        self.holds.is_on()
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

    /// Whether every step was answered well, or nothing is to be done.
    pub(crate) fn is_done(&self, event: usize) -> bool {
        let is_done =
            |step| self.progress.get(&(event, step)).map(|it| it.state) == Some(State::Done);
        match &self.played.events[event].meaning {
            Meaning::Skipped => true,
            Meaning::Unreadable | Meaning::Refused => false,
            Meaning::Steps(steps) => (0..steps.len()).all(is_done),
        }
    }

    /// Whether nothing keeps the event inside but those it came with. That it was Rejected shows in its letter.
    pub(crate) fn has_ended(&self, event: usize) -> bool {
        self.is_done(event) || self.lost.contains(&event)
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
                forbidden_at: None,
            };
            let place = (event, step);
            self.progress.insert(place, progress);
            self.queues.entry(self.queue(place)).or_default().push_back(place);
        }
    }
}
