//! What may be used at any moment (tokens, permits, room in the window), what is used, and what lies idle while work
//! that could use it waits. Reckoned from the log alone.

use std::collections::BTreeMap;
use std::time::Duration;

use courier_sink::courier::Class;
use courier_sink::delivery::FailureKind;

use crate::log::{Answered, Entry, What};
use crate::options::Options;
use crate::pace::Pace;
use crate::play::Played;
use crate::replay::Replay;
use crate::window::Window;

/// Timers of tokio go off up to a millisecond late, and a wait may be made of a few.
const SLACK: Duration = Duration::from_millis(4);

pub(crate) struct Capacity<'a> {
    options: &'a Options,
    now: Duration,
    window: Window<'a>,
    under_way: BTreeMap<usize, Class>,
    total: Option<Pace>,
    classes: BTreeMap<Class, Vec<Pace>>,
    paused_until: BTreeMap<Class, Duration>,
}

impl<'a> Capacity<'a> {
    pub(crate) fn new(played: &'a Played) -> Self {
        let options = &played.options;
        let paces = |class| {
            let own = options.class_rates.get(&class).copied().map(Pace::fixed);
            own.into_iter().chain(options.adaptive_rate.map(Pace::adaptive)).collect()
        };
        Self {
            options,
            now: Duration::ZERO,
            window: Window::new(played),
            under_way: BTreeMap::new(),
            total: options.rate.map(Pace::fixed),
            classes: Class::ALL.into_iter().map(|class| (class, paces(class))).collect(),
            paused_until: BTreeMap::new(),
        }
    }

    /// Takes note of one entry; an error is a bound that was broken.
    pub(crate) fn note(&mut self, Entry { at, what }: &Entry) -> Result<(), String> {
        self.now = *at;
        match what {
            What::Taken(event) => self.window.enter(*event)?,
            What::Ended(event, _)
            | What::Letter(Some(event), _)
            | What::LetterLost(Some(event)) => self.window.leave(*event),
            What::Start(attempt, asked) => {
                let class = asked.endpoint.class();
                self.under_way.insert(*attempt, class);
                if self.under_way.len() > self.options.concurrency {
                    return Err(format!("{} attempts are under way", self.under_way.len()));
                }
                let own = self.classes.get_mut(&class).into_iter().flatten();
                return self.total.iter_mut().chain(own).try_for_each(|pace| pace.spend(*at));
            }
            What::Answer(attempt, answered) => {
                let class = self.under_way.remove(attempt);
                if let (Some(class), Answered::Failed { kind: FailureKind::Throttled, wait, .. }) =
                    (class, answered)
                {
                    let longest = self.options.max_backoff;
                    // A wait of next to nothing names none.
                    let wait = wait.filter(|wait| *wait >= Duration::from_millis(1));
                    let wait = wait.map_or(longest, |it| it.min(self.options.retry_after_max));
                    let until = self.paused_until.entry(class).or_default();
                    *until = (*until).max(*at + wait);
                }
            }
            What::Gone(attempt) => {
                self.under_way.remove(attempt);
            }
            What::Held(_)
            | What::Rode(_)
            | What::Responded(..)
            | What::Refused(_)
            | What::Letter(None, _)
            | What::LetterLost(None)
            | What::Commit(_)
            | What::GivenUp(..)
            | What::Dropped
            | What::Finished => {}
        }
        Ok(())
    }

    /// Lets go of what has ended by itself: of those in a record with others nobody is told before all have.
    pub(crate) fn leave(&mut self, replay: &Replay<'_>) {
        self.window.leave_all(|event| replay.has_ended(event));
    }

    pub(crate) fn idle_attempts(&self) -> Result<(), String> {
        if self.under_way.is_empty() {
            return Ok(());
        }
        Err(format!("attempts were never answered nor dropped: {:?}", self.under_way))
    }

    /// Whether something that could go waited at some moment between now and `next`, when nothing went.
    pub(crate) fn check_idle(&self, replay: &Replay<'_>, next: Duration) -> Result<(), String> {
        if next <= self.now + SLACK || replay.is_held() || self.is_full() {
            return Ok(());
        }
        for (place, class, ready_at) in replay.waiting() {
            let paused_until = self.paused_until.get(&class).copied().unwrap_or_default();
            let own = self.classes.get(&class).into_iter().flatten();
            let token_at = self.total.iter().chain(own).map(Pace::token_at).max();
            let token_at = token_at.unwrap_or_default();
            let could_go = ready_at.max(paused_until).max(token_at).max(self.now);
            // From then on it may not go any more.
            let is_late = replay.deadline(place.0).is_some_and(|deadline| deadline <= could_go);
            if could_go + SLACK < next && !is_late {
                return Err(format!("{place:?} could go at {could_go:?} and nothing did"));
            }
        }
        Ok(())
    }

    /// Whether all permits may be taken. How many there are now where that adapts, only the sink knows: at least one.
    fn is_full(&self) -> bool {
        let permits = if self.options.is_adaptive { 1 } else { self.options.concurrency };
        self.under_way.len() >= permits
    }
}
