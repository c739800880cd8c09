//! What the gate knows, as arithmetic: it is told the time and has no clock.

use std::time::Duration;

use super::Turn;
use super::class::ClassState;
use super::hold::{Hold, HoldReason};
use crate::courier::Class;
use crate::delivery::bucket::Bucket;
use crate::delivery::concurrency::ConcurrencyController;
use crate::delivery::{
    Concurrency, Failure, FailureKind, Jitter, Receipt, Retry, Settings, Signal,
};
use crate::telemetry::{Constraint, Load};
pub use look::GateReport;
use signals::signals;

mod look;
mod pause;
mod signals;

mod exchange;

/// Permits, tokens, pauses and the hold.
#[derive(Debug)]
pub(super) struct State {
    concurrency: ConcurrencyController,
    bucket: Option<Bucket>,
    classes: [ClassState; Class::ALL.len()],
    hold: Option<Hold>,
    resumes: u64,
    /// Attempts admitted so far: tells those from before a pause or a hold apart from those after it.
    admitted: u64,
    has_adaptive_rate: bool,
    has_adaptive_concurrency: bool,
    /// What somebody of each class waited for last
    last_waits: [Option<Constraint>; Class::ALL.len()],
    /// Attempts in a row without a sign of health
    unanswered: u32,
    retry: Retry,
    retry_after_max: Duration,
    hold_probe: Duration,
}

/// What the end of an attempt tells.
pub(super) struct Ended {
    pub(super) load: Load,
    /// How long its class is paused, if this began a pause
    pub(super) pause: Option<Duration>,
}

/// Why an attempt cannot go yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Its class is paused or slow, or everything is on hold: nobody else has to wait for it.
    Until(Duration),
    /// In its class it is somebody else's turn.
    Turn,
    /// There is no permit.
    Permit,
    /// There is a token for whoever is first in line at this moment.
    Token(Duration),
}

impl State {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            concurrency: ConcurrencyController::new(settings.concurrency),
            bucket: settings.rate.map(Bucket::new),
            classes: settings.class_rates.map(|rate| ClassState::new(settings, rate)),
            hold: None,
            resumes: 0,
            admitted: 0,
            has_adaptive_rate: settings.adaptive_rate.is_some(),
            has_adaptive_concurrency: matches!(settings.concurrency, Concurrency::Adaptive(_)),
            last_waits: [None; Class::ALL.len()],
            unanswered: 0,
            // A pause is the same for everybody: there is nobody to spread.
            retry: Retry { jitter: Jitter::None, ..settings.retry.clone() },
            retry_after_max: settings.retry_after_max,
            hold_probe: settings.hold_probe,
        }
    }

    pub(super) fn hold_reason(&self) -> Option<HoldReason> {
        self.hold.map(|hold| hold.reason)
    }

    pub(super) const fn resumes(&self) -> u64 {
        self.resumes
    }

    /// Of each class, how long it has been neither paused nor held.
    pub(super) fn counted(&self, now: Duration) -> [Duration; Class::ALL.len()] {
        let is_held = self.hold.is_some();
        self.classes.each_ref().map(|class| class.counted(is_held, now))
    }

    /// When that will be `counted` for `class`, as things are; `None` under a hold.
    pub(super) fn counts_to(&self, class: Class, counted: Duration) -> Option<Duration> {
        self.classes.get(class.index())?.counts_to(self.hold.is_some(), counted)
    }

    /// The hold is about to change.
    fn mark(&mut self, now: Duration) {
        let is_held = self.hold.is_some();
        for class in &mut self.classes {
            class.mark(is_held, now);
        }
    }

    /// What an attempt of `class` has to wait for that is nobody else's business.
    pub(super) fn class_wait(&self, class: Class, turn: Turn, now: Duration) -> Option<Wait> {
        let class = self.classes.get(class.index())?;
        let probe = self.hold.map(|hold| hold.next_probe).filter(|at| *at > now);
        match class.quiet_until(now).max(probe) {
            _ if self.is_probed_out(class, turn, now) => Some(Wait::Turn),
            Some(until) => Some(Wait::Until(until)),
            // On hold the order of probes is all that counts; two rules could wait for each other.
            None if self.hold.is_some() => None,
            None => class.must_yield(turn).then_some(Wait::Turn),
        }
    }

    /// Whether, on hold, another has waited longer to be the probe: what is refused must not be the only one asked.
    fn is_probed_out(&self, class: &ClassState, turn: Turn, now: Duration) -> bool {
        if self.hold.is_none() {
            return false;
        }
        let free = self.classes.iter().filter(|class| class.quiet_until(now).is_none());
        let longest_ago = free.filter_map(ClassState::least_probed).min();
        longest_ago.is_some_and(|least| least < class.probed(turn))
    }

    /// Takes token and permit and gives the attempt's number, or says why not.
    pub(super) fn admit(&mut self, class: Class, turn: Turn, now: Duration) -> Result<u64, Wait> {
        if let Some(wait) = self.class_wait(class, turn, now) {
            return Err(wait);
        }
        if self.free() == 0 {
            return Err(Wait::Permit);
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.take(now).map_err(Wait::Token)?;
        }
        if let Some(class) = self.classes.get_mut(class.index()) {
            class.spend(turn, now);
        }
        self.concurrency.started(now);
        let number = self.admitted;
        self.admitted += 1;
        if let Some(hold) = &mut self.hold {
            hold.next_probe = now.saturating_add(self.hold_probe);
            if let Some(class) = self.classes.get_mut(class.index()) {
                class.probe(turn, self.admitted);
            }
        }
        Ok(number)
    }

    /// Permits that nobody has.
    pub(super) fn free(&self) -> usize {
        let in_flight = usize::try_from(self.concurrency.in_flight()).unwrap_or(usize::MAX);
        self.concurrency.limit().saturating_sub(in_flight)
    }

    /// Whether an admission may be what somebody waits for.
    pub(super) fn is_awaited(&self, class: Class) -> bool {
        self.hold.is_some() || self.classes.get(class.index()).is_some_and(ClassState::is_awaited)
    }

    pub(super) fn waits(&mut self, class: Class, turn: Turn) {
        if let Some(class) = self.classes.get_mut(class.index()) {
            *class.waiting_mut(turn) += 1;
        }
    }

    pub(super) fn waits_no_more(&mut self, class: Class, turn: Turn) {
        if let Some(class) = self.classes.get_mut(class.index()) {
            *class.waiting_mut(turn) -= 1;
        }
    }

    /// Takes note of how attempt `number`, admitted at `started`, ended; one that was given up has no result.
    pub(super) fn ended(
        &mut self,
        class: Class,
        number: u64,
        started: Duration,
        result: Option<&Result<Receipt, Failure>>,
        now: Duration,
    ) -> Ended {
        let rtt = now.saturating_sub(started);
        let kind = result.map(|result| result.as_ref().map_err(|failure| failure.kind));
        let (load, pace) = signals(kind.map(|kind| kind.map(|_| ())), self.has_adaptive_rate);
        let limit = self.concurrency.ended(now, rtt, load);
        let found = self.concurrency.found();
        let load = Load {
            limit: self.has_adaptive_concurrency.then_some((limit, found)),
            in_flight: self.concurrency.in_flight(),
            rtt: (load == Signal::Success).then_some(rtt),
            is_back_pressure: load == Signal::BackPressure,
        };
        self.unanswered = match kind {
            Some(Err(FailureKind::Unavailable | FailureKind::Network | FailureKind::TimedOut)) => {
                self.unanswered.saturating_add(1)
            }
            // It was not sent, or nobody waited for its end.
            Some(Err(FailureKind::Unsendable | FailureKind::Expired)) | None => self.unanswered,
            Some(_) => 0,
        };
        let mut pause = None;
        if let Some(class) = self.classes.get_mut(class.index()) {
            class.ended(now, rtt, pace);
        }
        match kind {
            Some(Ok(_)) => {
                self.release(number, now);
                if let Some(class) = self.classes.get_mut(class.index())
                    && number >= class.pause.since
                {
                    class.pause.streak = 0;
                }
            }
            // Whoever judges the request has taken the key.
            Some(Err(FailureKind::Refused)) => self.release_key(number, now),
            Some(Err(FailureKind::Throttled)) => {
                self.release_key(number, now);
                let asked = result.and_then(|it| it.as_ref().err()).and_then(|it| it.retry_after);
                pause = self.pause(class, number, asked, now);
            }
            Some(Err(FailureKind::Unauthorized)) => self.hold(class, HoldReason::Unauthorized, now),
            Some(Err(FailureKind::Forbidden)) => self.hold(class, HoldReason::Forbidden, now),
            Some(Err(
                FailureKind::Unavailable
                | FailureKind::Network
                | FailureKind::TimedOut
                | FailureKind::Unsendable
                | FailureKind::Expired,
            ))
            | None => {}
        }
        Ended { load, pause }
    }

    fn hold(&mut self, class: Class, reason: HoldReason, now: Duration) {
        // Whoever was refused comes back as a retry, and is the last to be asked again.
        if let Some(class) = self.classes.get_mut(class.index()) {
            class.probe(Turn::Retry, self.admitted);
        }
        self.mark(now);
        let since = self.hold.map_or(self.admitted, |hold| hold.since);
        let next_probe = now.saturating_add(self.hold_probe);
        self.hold = Some(Hold { reason, next_probe, since });
    }

    /// Something was let through.
    fn release(&mut self, number: u64, now: Duration) {
        if self.end_hold(number, now) {
            self.resumes += 1;
        }
    }

    /// The key was taken, whatever became of the request: that ends a hold for a wrong key and no other. That nothing was
    /// let through yet is why it does not count: a key that may do nothing must not make a request guilty.
    fn release_key(&mut self, number: u64, now: Duration) {
        if self.hold_reason() == Some(HoldReason::Unauthorized) {
            self.end_hold(number, now);
        }
    }

    fn end_hold(&mut self, number: u64, now: Duration) -> bool {
        let ends = self.hold.is_some_and(|hold| hold.ends_with(number));
        if ends {
            self.mark(now);
            self.hold = None;
        }
        ends
    }
}
