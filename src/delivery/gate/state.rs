//! What the gate knows, as arithmetic: it is told the time and has no clock.

use std::time::Duration;

use crate::courier::Class;
use crate::delivery::backoff::wait;
use crate::delivery::bucket::Bucket;
use crate::delivery::{Failure, FailureKind, Jitter, Receipt, Retry, Settings};

/// Tokens, pauses and the hold.
#[derive(Debug)]
pub(super) struct State {
    bucket: Option<Bucket>,
    pauses: [Pause; Class::ALL.len()],
    hold: Option<Hold>,
    /// Attempts admitted so far: tells those from before a pause or a hold apart from those after it.
    admitted: u64,
    retry: Retry,
    retry_after_max: Duration,
    hold_probe: Duration,
}

/// Why an attempt cannot go yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Its class is paused, or everything is on hold: nobody else has to wait for it.
    Quiet,
    /// There is a token for whoever is first in line at this moment.
    Token(Duration),
}

#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    until: Duration,
    /// Throttled answers in a row: each makes the next pause longer when the server names none.
    streak: usize,
    /// How many attempts had been admitted when it began.
    since: u64,
}

#[derive(Clone, Copy, Debug)]
struct Hold {
    next_probe: Duration,
    /// How many attempts had been admitted when it began.
    since: u64,
}

impl State {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            bucket: settings.rate.map(Bucket::new),
            pauses: [Pause::default(); Class::ALL.len()],
            hold: None,
            admitted: 0,
            // A pause is the same for everybody: there is nobody to spread.
            retry: Retry { jitter: Jitter::None, ..settings.retry },
            retry_after_max: settings.retry_after_max,
            hold_probe: settings.hold_probe,
        }
    }

    pub(super) const fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    /// Until when attempts of `class` are not wanted; `None` if they are.
    pub(super) fn quiet_until(&self, class: Class, now: Duration) -> Option<Duration> {
        let pause = self.pauses.get(class.index()).map(|pause| pause.until);
        let probe = self.hold.map(|hold| hold.next_probe);
        pause.max(probe).filter(|until| *until > now)
    }

    /// Spends a token and gives the attempt's number, or says why not.
    pub(super) fn admit(&mut self, class: Class, now: Duration) -> Result<u64, Wait> {
        if self.quiet_until(class, now).is_some() {
            return Err(Wait::Quiet);
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.take(now).map_err(Wait::Token)?;
        }
        if let Some(hold) = &mut self.hold {
            hold.next_probe = now.saturating_add(self.hold_probe);
        }
        let number = self.admitted;
        self.admitted += 1;
        Ok(number)
    }

    /// Takes note of how attempt `number` ended.
    pub(super) fn report(
        &mut self,
        class: Class,
        number: u64,
        result: &Result<Receipt, Failure>,
        now: Duration,
    ) {
        match result.as_ref().map_err(|failure| failure.kind) {
            Ok(_) => {
                self.release(number);
                if let Some(pause) = self.pauses.get_mut(class.index())
                    && number >= pause.since
                {
                    pause.streak = 0;
                }
            }
            // Whoever judges the request has taken the key.
            Err(FailureKind::Refused) => self.release(number),
            Err(FailureKind::Throttled) => {
                self.release(number);
                let asked = result.as_ref().err().and_then(|it| it.retry_after);
                self.pause(class, number, asked, now);
            }
            Err(FailureKind::Unauthorized) => {
                let since = self.hold.map_or(self.admitted, |hold| hold.since);
                let next_probe = now.saturating_add(self.hold_probe);
                self.hold = Some(Hold { next_probe, since });
            }
            Err(
                FailureKind::Unavailable
                | FailureKind::Network
                | FailureKind::TimedOut
                | FailureKind::Unsendable,
            ) => {}
        }
    }

    /// Ends the hold, unless the attempt went out before it: its key may have been taken then and not be any more.
    fn release(&mut self, number: u64) {
        self.hold = self.hold.filter(|hold| number < hold.since);
    }

    fn pause(&mut self, class: Class, number: u64, asked: Option<Duration>, now: Duration) {
        let Some(pause) = self.pauses.get_mut(class.index()) else {
            return;
        };
        // Attempts that were under way together are throttled together: that is one reason to slow down, not many.
        let is_first = number >= pause.since;
        let length = match asked {
            Some(asked) => asked.min(self.retry_after_max),
            None if is_first => wait(&self.retry, pause.streak, 1.0),
            None => return,
        };
        pause.until = pause.until.max(now.saturating_add(length));
        if is_first {
            pause.streak = pause.streak.saturating_add(1);
            pause.since = self.admitted;
        }
    }
}
