//! Answers, and what each makes of the steps it is about: done, on hold, repeated, refused or exhausted.

use std::time::Duration;

use courier_sink::courier::{Action, Endpoint, TenantWrite};
use courier_sink::delivery::{FailureKind, Outcome, Verdict};

use super::{Place, Progress, Replay, State};
use crate::log::Answered;

impl Replay<'_> {
    pub(super) fn answer(&mut self, attempt: usize, answered: &Answered, at: Duration) {
        match *answered {
            Answered::Done(outcome) => {
                self.holds.success(attempt);
                self.times.hold(self.holds.is_on());
                self.done(attempt, outcome, at);
            }
            Answered::Failed { mut kind, mut verdict, status, stored, wait } => {
                if !stored {
                    self.doubt(attempt);
                }
                if kind == FailureKind::Forbidden && self.was_let_through_since(attempt) {
                    (kind, verdict) = (FailureKind::Refused, Verdict::Reject);
                }
                self.holds.failure(attempt, kind, self.owners.len());
                self.times.hold(self.holds.is_on());
                let options = &self.played.options;
                if kind == FailureKind::Throttled {
                    let length = wait.unwrap_or_default().min(options.retry_after_max);
                    self.times.pause(self.owners[&attempt].0.endpoint.class(), length);
                }
                let is_passing = verdict == Verdict::Retry;
                let is_repeated = options.strategy.repeats(status, is_passing);
                match verdict {
                    Verdict::Hold => self.again(attempt, at, kind == FailureKind::Forbidden),
                    Verdict::Reject if !is_repeated || self.is_exhausted(attempt) => {
                        self.refused(attempt, at);
                    }
                    Verdict::Retry | Verdict::Reject => {
                        // A class that is throttled waits as a class; that is for the capacity to know.
                        let is_throttled = kind == FailureKind::Throttled;
                        let backoff = |retry| {
                            let longest = options.longest_backoff(retry, wait);
                            if is_throttled { Duration::ZERO } else { longest }
                        };
                        self.failed(attempt, at, is_repeated, backoff);
                    }
                }
            }
        }
    }

    /// The sink waits for no answer any more.
    pub(super) fn gone(&mut self, attempt: usize, at: Duration) {
        self.doubt(attempt);
        let options = &self.played.options;
        let is_repeated = options.strategy.repeats(None, true);
        self.failed(attempt, at, is_repeated, |retry| options.longest_backoff(retry, None));
    }

    /// Whether something was let through and ended a hold since the request was refused with 403.
    fn was_let_through_since(&self, attempt: usize) -> bool {
        let resumes = self.holds.resumes();
        let (_, owners) = &self.owners[&attempt];
        self.progress[&owners[0]].forbidden_at.is_some_and(|before| before < resumes)
    }

    /// Whether an attempt that failed was the last that may be made.
    fn is_exhausted(&self, attempt: usize) -> bool {
        let (_, owners) = &self.owners[&attempt];
        let failures = self.progress[&owners[0]].failures;
        self.played.options.attempts.is_some_and(|attempts| failures >= attempts)
    }

    fn done(&mut self, attempt: usize, outcome: Outcome, at: Duration) {
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
                self.rest(owner, at).renew();
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
        progress.state = State::Resting;
        progress.ready_at = progress.ready_at.max(at);
        progress
    }

    fn again(&mut self, attempt: usize, at: Duration, is_forbidden: bool) {
        let resumes = self.holds.resumes();
        for owner in self.owners[&attempt].1.clone() {
            let progress = self.rest(owner, at);
            if is_forbidden {
                progress.forbidden_at = Some(resumes);
            }
        }
        self.part_if_late(&self.owners[&attempt].1.clone(), at);
    }

    /// Nobody knows whether the attempt did its work.
    fn doubt(&mut self, attempt: usize) {
        for owner in &self.owners[&attempt].1 {
            self.progress.get_mut(owner).expect("it stands in a lane").is_in_doubt = true;
        }
    }

    fn failed(
        &mut self,
        attempt: usize,
        at: Duration,
        is_repeated: bool,
        backoff: impl Fn(usize) -> Duration,
    ) {
        let is_lost = !is_repeated || self.is_exhausted(attempt);
        let owners = self.owners[&attempt].1.clone();
        for owner in &owners {
            let progress = self.rest(*owner, at);
            progress.ready_at = at + backoff(progress.failures);
            progress.failures += 1;
            if is_lost {
                self.lose(*owner);
            }
        }
        if !is_lost {
            self.part_if_late(&owners, at);
        }
    }

    fn refused(&mut self, attempt: usize, at: Duration) {
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
            progress.renew();
            progress.state = State::Waiting;
        }
    }
}

impl Progress {
    /// What is due is another request.
    pub(super) const fn renew(&mut self) {
        (self.failures, self.forbidden_at) = (0, None);
    }
}
