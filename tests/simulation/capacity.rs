//! What may be used at any moment (tokens, permits, room in the window), what is used, and what lies idle while work
//! that could use it waits. Reckoned from the log alone.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use courier_sink::courier::Class;
use courier_sink::delivery::FailureKind;

use crate::log::{Answered, Entry, What};
use crate::options::Options;
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
    starts: VecDeque<Duration>,
    /// When the bucket would be full again
    full_at: Duration,
    paused_until: BTreeMap<Class, Duration>,
    is_held: bool,
}

impl<'a> Capacity<'a> {
    pub(crate) fn new(played: &'a Played) -> Self {
        Self {
            options: &played.options,
            now: Duration::ZERO,
            window: Window::new(played),
            under_way: BTreeMap::new(),
            starts: VecDeque::new(),
            full_at: Duration::ZERO,
            paused_until: BTreeMap::new(),
            is_held: false,
        }
    }

    /// Takes note of one entry; an error is a bound that was broken.
    pub(crate) fn note(&mut self, Entry { at, what }: &Entry) -> Result<(), String> {
        self.now = *at;
        match what {
            What::Taken(event) => self.window.enter(*event)?,
            What::Ended(event, _) => self.window.leave(*event),
            What::Start(attempt, asked) => {
                self.under_way.insert(*attempt, asked.endpoint.class());
                if self.under_way.len() > self.options.concurrency {
                    return Err(format!("{} attempts are under way", self.under_way.len()));
                }
                return self.spend(*at);
            }
            What::Answer(attempt, answered) => {
                let class = self.under_way.remove(attempt);
                if let (Some(class), Answered::Failed { kind: FailureKind::Throttled, wait, .. }) =
                    (class, answered)
                {
                    let longest = self.options.max_backoff;
                    // A wait of nothing names none.
                    let wait = wait.filter(|wait| !wait.is_zero());
                    let wait = wait.map_or(longest, |it| it.min(self.options.retry_after_max));
                    let until = self.paused_until.entry(class).or_default();
                    *until = (*until).max(*at + wait);
                }
            }
            What::Gone(attempt) => {
                self.under_way.remove(attempt);
            }
            What::Held(is_held) => self.is_held = *is_held,
            What::Rode(_)
            | What::Responded(..)
            | What::Refused(_)
            | What::Letter(..)
            | What::LetterLost(_)
            | What::Commit(_)
            | What::Dropped
            | What::Finished => {}
        }
        Ok(())
    }

    fn spend(&mut self, at: Duration) -> Result<(), String> {
        let Some(rate) = self.options.rate else {
            return Ok(());
        };
        self.full_at = self.full_at.max(at) + rate.per / rate.limit;
        while self.starts.front().is_some_and(|start| *start + rate.per <= at) {
            self.starts.pop_front();
        }
        self.starts.push_back(at);
        let most = usize::try_from(rate.limit + rate.burst).expect("a rate is small");
        if self.starts.len() > most {
            return Err(format!("{} attempts within {:?}", self.starts.len(), rate.per));
        }
        Ok(())
    }

    pub(crate) fn idle_attempts(&self) -> Result<(), String> {
        if self.under_way.is_empty() {
            return Ok(());
        }
        Err(format!("attempts were never answered nor dropped: {:?}", self.under_way))
    }

    /// Whether something that could go waited at some moment between now and `next`, when nothing went.
    pub(crate) fn check_idle(&self, replay: &Replay<'_>, next: Duration) -> Result<(), String> {
        if next <= self.now + SLACK || self.is_held || self.is_full() {
            return Ok(());
        }
        let token_at = self.options.rate.map_or(Duration::ZERO, |rate| {
            self.full_at.saturating_sub(rate.per / rate.limit * (rate.burst - 1))
        });
        for (place, class, ready_at) in replay.waiting() {
            let paused_until = self.paused_until.get(&class).copied().unwrap_or_default();
            let could_go = ready_at.max(paused_until).max(token_at).max(self.now);
            if could_go + SLACK < next {
                return Err(format!("{place:?} could go at {could_go:?} and nothing did"));
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.under_way.len() >= self.options.concurrency
    }
}
