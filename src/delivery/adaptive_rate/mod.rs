//! An unknown rate limit, found by watching what is admitted and what is answered with 429. It is told the time; it
//! has no clock, does not wait, and does not hold the token bucket it gives the rate for.
//!
//! It doubles until the first 429 and goes back to the step before. From the end of one pause to the end of the next it
//! counts what got through: that is the limit, pauses included. It stays a little below for a while, then feels its way
//! up by a hundredth at a time; far above the old limit that is forgotten, and it doubles again.

mod count;

use std::num::NonZeroU32;
use std::time::Duration;

use self::count::{Count, Round, Run, per_second};
use super::{AdaptiveRate, Rate, Signal};

/// What is kept of a rate that got through until it was throttled.
const BACK_OFF: f64 = 0.85;

/// What is kept of a rate that was too high again right after it was lowered.
const BACK_OFF_AGAIN: f64 = 0.7;

/// How close below a measured limit it goes: near enough to be of use, far enough to be seldom refused.
const JUST_BELOW: f64 = 0.92;

/// The least that one measurement may leave: a pause of an hour after one attempt is no measurement.
const LEAST_LEFT: f64 = 0.1;

/// Growth from round to round near the known limit, below it, and where no limit is known.
const GENTLE: f64 = 0.01;
const BRISK: f64 = 0.1;
const DOUBLE: f64 = 1.0;

/// From the first part of the known limit on it is near it; from the second on that limit is no longer true.
const NEAR: f64 = 0.85;
const BEYOND: f64 = 1.25;

/// A round lasts at least a second, and so many attempts that one 429 for each climb is a small share.
const SHORTEST_ROUND: Duration = Duration::from_secs(1);
const FEWEST_ATTEMPTS: u32 = 20;
/// A server that counts in windows must see several rounds in one, or the rate would rise much further before it says
/// no. Of the longest pause this part, and never more than for a window of a minute.
const ROUNDS_PER_PAUSE: u32 = 4;
const LONGEST_ROUND: Duration = Duration::from_secs(15);
/// While it doubles, fewer attempts tell enough.
const FEWEST_ATTEMPTS_DOUBLING: u32 = 4;

/// Rounds after which a rate has proved itself.
const TRIAL: u32 = 3;

/// Rounds it stays at a measured limit before it feels its way up again.
const REST: u32 = 30;

/// The part of the rate that must be used for it to be the rate that is tried.
const PRESSED: f64 = 0.8;

/// Of the attempts of a round one in so many must have succeeded meanwhile, or it would run ahead of the answers, or ask
/// a server that only fails ever faster.
const HEARD: u32 = 4;

/// The token bucket's depth in seconds: what timers that count in milliseconds need, and no more, as the server's own
/// depth is unknown.
const BURST: f64 = 0.01;

/// Finds an unknown rate limit.
#[derive(Clone, Debug)]
pub struct RateController {
    floor: f64,
    ceiling: f64,
    rate: f64,
    /// The rate at which the server said no, as far as known
    known: Option<f64>,
    growth: f64,
    round: Round,
    last_round: Round,
    /// Since the last pause ended, or the last large step
    run: Run,
    throttled: Option<Throttled>,
    /// The longest pause since the last large step: a server that counts by the minute tells so by it.
    longest_pause: Duration,
    /// When the rate was last lowered: what was sent earlier tells nothing new.
    lowered_at: Option<Duration>,
}

/// From the first 429 to the first success after it.
#[derive(Clone, Copy, Debug)]
struct Throttled {
    at: Duration,
    /// The rate that was too high
    before: f64,
    /// What the first 429 left of it
    lowered: f64,
    /// How the rate was growing
    growth: f64,
}

impl RateController {
    /// A controller that has seen nothing.
    pub fn new(settings: &AdaptiveRate) -> Self {
        let ceiling = settings.ceiling.get();
        let floor = settings.floor.get().min(ceiling);
        Self {
            floor,
            ceiling,
            rate: settings.initial.get().clamp(floor, ceiling),
            known: None,
            growth: DOUBLE,
            round: Round::default(),
            last_round: Round::default(),
            run: Run::default(),
            throttled: None,
            longest_pause: Duration::ZERO,
            lowered_at: None,
        }
    }

    /// The rate in attempts per second; never below the floor nor above the ceiling.
    pub const fn per_second(&self) -> f64 {
        self.rate
    }

    /// The same for a token bucket: one attempt per interval, and a hundredth of a second's at once.
    pub fn rate(&self) -> Rate {
        let interval = Duration::try_from_secs_f64(self.rate.recip()).unwrap_or(Duration::MAX);
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number; the conversion saturates"
        )]
        let burst = (self.rate * BURST) as u32;
        Rate {
            limit: NonZeroU32::MIN,
            per: interval.max(Duration::from_nanos(1)),
            burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN),
        }
    }

    /// Takes note that an attempt was admitted, and gives whether the rate changed by that.
    pub fn admitted(&mut self, now: Duration) -> bool {
        let since = *self.round.since.get_or_insert(now);
        self.run.whole.since.get_or_insert(now);
        self.round.admitted = self.round.admitted.saturating_add(1);
        let (shortest, fewest) = if self.growth < BRISK {
            let shortest = self.longest_pause / ROUNDS_PER_PAUSE;
            (shortest.clamp(SHORTEST_ROUND, LONGEST_ROUND), FEWEST_ATTEMPTS)
        } else {
            (SHORTEST_ROUND, FEWEST_ATTEMPTS_DOUBLING)
        };
        let elapsed = now.saturating_sub(since);
        if self.throttled.is_some() || elapsed < shortest || self.round.admitted < fewest {
            return false;
        }
        let pressed = self.is_pressed(elapsed);
        let is_heard = self.round.passed >= self.round.admitted / HEARD;
        self.next_round(now);
        let before = self.rate;
        if pressed && is_heard {
            self.run.rounds = self.run.rounds.saturating_add(1);
            self.grow(now);
        } else if !pressed {
            self.run.slack = true;
        }
        before.to_bits() != self.rate.to_bits()
    }

    /// Takes note of an answer to an attempt that took `rtt`, and gives whether the rate changed by that. Back pressure
    /// is a 429 and nothing else: a server that fails is not one that counts.
    pub fn ended(&mut self, now: Duration, rtt: Duration, signal: Signal) -> bool {
        let started = now.saturating_sub(rtt);
        let before = self.rate;
        let is_news = self.lowered_at.is_none_or(|at| started >= at);
        match signal {
            Signal::Success => {
                self.round.passed = self.round.passed.saturating_add(1);
                self.run.count();
                if is_news && let Some(throttled) = self.throttled.take() {
                    self.recover(now, throttled);
                }
            }
            Signal::BackPressure if is_news => self.throttle(now),
            Signal::BackPressure | Signal::Neither => {}
        }
        before.to_bits() != self.rate.to_bits()
    }

    /// Whether this round has used what it was allowed.
    fn is_pressed(&self, elapsed: Duration) -> bool {
        f64::from(self.round.admitted) >= PRESSED * self.rate * elapsed.as_secs_f64()
    }

    fn next_round(&mut self, now: Duration) {
        self.last_round = std::mem::take(&mut self.round);
        self.round.since = Some(now);
    }

    fn grow(&mut self, now: Duration) {
        self.growth = match self.known {
            None => DOUBLE,
            Some(known) if self.rate < NEAR * known => BRISK,
            Some(known) if self.rate < known && self.run.rounds <= REST => 0.0,
            Some(known) if self.rate < BEYOND * known => GENTLE,
            Some(_) => (self.growth * 2.0).clamp(BRISK, DOUBLE),
        };
        if self.growth > BRISK {
            // What got through at a much lower rate is no measure.
            self.run = Run::from(now);
            self.longest_pause = Duration::ZERO;
        } else if self.run.rounds == REST {
            self.run.climb = Some(Count::from(now));
        }
        self.set(self.rate * (1.0 + self.growth));
    }

    fn throttle(&mut self, now: Duration) {
        self.lowered_at = Some(now);
        let before = self.rate;
        // A pause that ends with another 429: still too fast, or the pause was too short.
        if self.throttled.is_some() {
            return self.set(before / 2.0);
        }
        // A 429 after an idle hour says nothing of what could have got through in it.
        let elapsed = now.saturating_sub(self.round.since.unwrap_or(now));
        self.run.slack |= !self.is_pressed(elapsed);
        let steep = self.growth > GENTLE;
        let lowered = if steep {
            // The step before.
            before / (1.0 + self.growth)
        } else if self.run.rounds < TRIAL {
            before * BACK_OFF_AGAIN
        } else {
            // Half at least: few may have got through because few were sent.
            let through = self.through(now).unwrap_or(before);
            (BACK_OFF * through.min(before)).max(before / 2.0)
        };
        self.throttled = Some(Throttled { at: now, before, lowered, growth: self.growth });
        self.growth = 0.0;
        self.set(lowered);
    }

    /// What got through lately, per second.
    fn through(&self, now: Duration) -> Option<f64> {
        let since = self.last_round.since.or(self.round.since)?;
        let passed = self.last_round.passed.saturating_add(self.round.passed);
        per_second(passed, now.saturating_sub(since))
    }

    /// The first success after a pause: what got through since the one before is the limit, if that was all we wanted.
    fn recover(&mut self, now: Duration, throttled: Throttled) {
        let run = std::mem::replace(&mut self.run, Run::from(now));
        self.round = Round { since: Some(now), ..Round::default() };
        self.last_round = Round::default();
        let pause = now.saturating_sub(throttled.at);
        self.longest_pause = self.longest_pause.max(pause);
        let Throttled { before, lowered, .. } = throttled;
        let measured = run.per_second(now, pause).filter(|_| !run.slack);
        // Repeated refusals in one pause may have taken too much.
        let (rate, known) = match measured {
            None => (lowered, before),
            // A pause so long that it is itself the limit, or longer than need be: the truth lies between.
            Some(measured) if run.is_long(now, pause) => {
                let least = (LEAST_LEFT * before).min(lowered);
                ((JUST_BELOW * measured).clamp(least, lowered), before)
            }
            Some(_) if throttled.growth > GENTLE => (lowered, lowered),
            Some(measured) => ((JUST_BELOW * measured).min(before), measured),
        };
        self.known = Some(known);
        self.set(rate);
    }

    fn set(&mut self, rate: f64) {
        self.rate = rate.clamp(self.floor, self.ceiling);
    }
}

#[cfg(test)]
mod tests;
