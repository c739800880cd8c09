//! Which failed attempts are repeated, when, and under which idempotency key.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, Sleep};
use tower::retry::Policy;

use super::backoff::wait;
use super::{Answer, Call, Failure, FailureKind, Outcome, Receipt, Shared, Verdict};

/// The policy for [`tower::retry::Retry`]. It is cloned for each delivery and counts for that one.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// Counted once for every delivery, not once for each thing in it
    shared: Arc<Shared>,
    retries: usize,
    /// Attempts so far, those on hold included
    attempts: u32,
    last_answer: Option<Answer>,
    /// Whether an attempt with the current key may have done its work, though it was not answered so
    may_have_run: bool,
}

impl RetryPolicy {
    /// The policy for fresh deliveries; jitter is drawn from the chance that is shared.
    pub fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            retries: 0,
            attempts: 0,
            last_answer: None,
            may_have_run: false,
        }
    }

    /// Makes `call` one with a key that was never used.
    fn renew(&self, call: &mut Call) {
        call.generation = call.generation.next();
        if call.seed.is_some() {
            call.key_expires = self.shared.key_expires(call.expiry.as_deref());
        }
    }

    /// How long to wait before the next attempt; `None` for no further attempt.
    fn decide(&mut self, failure: &Failure) -> Option<Duration> {
        let settings = self.shared.gate.settings();
        match failure.verdict() {
            // The gate lets probes through one by one; an attempt on hold is no fault of the event.
            Verdict::Hold => Some(Duration::ZERO),
            Verdict::Reject | Verdict::Retry
                if self.retries >= settings.retry.attempts
                    || !settings.retry.strategy.repeats(failure) =>
            {
                None
            }
            Verdict::Reject | Verdict::Retry => {
                let retry = self.retries;
                self.retries += 1;
                // A throttled class is paused in the gate for everybody; waiting here as well would only be late.
                if failure.kind == FailureKind::Throttled {
                    return Some(Duration::ZERO);
                }
                let chance =
                    self.shared.chance.lock().unwrap_or_else(PoisonError::into_inner).f64();
                let asked = failure.retry_after.unwrap_or_default();
                let backoff = wait(&settings.retry, retry, chance);
                Some(backoff.max(asked.min(settings.retry_after_max)))
            }
        }
    }

    /// Courier stores the first answer to a key and replays it for a day, so a stored failure can only be got past with
    /// another key. After silence, or an answer that was not Courier's own, the call may have run, and the same key
    /// keeps it from running twice: until the same answer comes back to it. Turned away at the door (429, 401), a call
    /// that may have run before keeps its key in the same way.
    fn needs_new_key(&mut self, failure: &Failure) -> bool {
        let is_repeated = failure.answer.is_some() && self.last_answer == failure.answer;
        let needs = failure.answer.as_ref().is_some_and(|answer| {
            if answer.status >= 500 {
                answer.stored || is_repeated
            } else {
                answer.stored && (is_repeated || !self.may_have_run)
            }
        });
        self.may_have_run = !needs && (self.may_have_run || !failure.answer_is_stored());
        self.last_answer = if needs { None } else { failure.answer.clone() };
        needs
    }
}

impl Policy<Call, Receipt, Failure> for RetryPolicy {
    type Future = Sleep;

    fn retry(
        &mut self,
        call: &mut Call,
        result: &mut Result<Receipt, Failure>,
    ) -> Option<Self::Future> {
        self.attempts = self.attempts.saturating_add(1);
        let next = self.next(call, result);
        if next.is_none() {
            self.shared.tally.took(self.attempts);
        }
        next
    }

    fn clone_request(&mut self, call: &Call) -> Option<Call> {
        // Asked right before each attempt.
        if let Some(expiry) = &call.expiry {
            expiry.attempt();
        }
        Some(call.clone())
    }
}

impl RetryPolicy {
    /// The wait before the next attempt, if there is to be one.
    fn next(&mut self, call: &mut Call, result: &mut Result<Receipt, Failure>) -> Option<Sleep> {
        if let Some(expiry) = &call.expiry {
            expiry.rest(call.generation, result.as_ref().err());
        }
        let failure = match result {
            Ok(receipt) if receipt.outcome == Outcome::Duplicate && self.may_have_run => {
                // It may mean the key of an attempt that still runs, and may yet fail. To a key that nobody has used it
                // can only mean the `messageId`. The attempt is one more, and no failure that counts.
                self.may_have_run = false;
                self.renew(call);
                if let Some(expiry) = &call.expiry {
                    expiry.rest(call.generation, None);
                }
                if let Some(expired) = expired(call) {
                    // It cannot be asked any more. In doubt a letter is written too many rather than too few.
                    *result = Err(expired);
                    return None;
                }
                self.shared.tally.retry();
                return Some(tokio::time::sleep(Duration::ZERO));
            }
            Ok(_) => return None,
            Err(failure) => failure,
        };
        failure.generation = call.generation;
        let wait = self.decide(failure)?;
        if self.needs_new_key(failure) {
            self.renew(call);
        }
        if failure.kind == FailureKind::Forbidden {
            call.forbidden_at = Some(self.shared.gate.resumes());
        }
        if let Some(expiry) = &call.expiry {
            expiry.rest(call.generation, Some(failure));
        }
        if let Some(expired) = expired(call) {
            *failure = expired;
            return None;
        }
        self.shared.tally.retry();
        let class = call.request.class();
        // Pauses and holds have lines of their own.
        let is_news = matches!(
            failure.kind,
            FailureKind::Unavailable | FailureKind::Network | FailureKind::TimedOut
        );
        if is_news && let Some(suppressed) = self.shared.gate.may_tell_failure(class) {
            tracing::warn!(%failure, %class, suppressed, "attempt failed, will be repeated");
        } else {
            tracing::debug!(%failure, %class, retries = self.retries, ?wait, "attempt failed, will be repeated");
        }
        Some(tokio::time::sleep(wait))
    }
}

/// What ends `call` if it is too late for another attempt. Where that comes later the layer above sees to it.
fn expired(call: &Call) -> Option<Failure> {
    let expiry = call.expiry.as_ref()?;
    expiry.forbids(Instant::now()).then(|| expiry.failure())
}

#[cfg(test)]
mod tests;
