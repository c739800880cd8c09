//! How many attempts may be under way at once, found by watching round trips and refusals. It is told the time; it has
//! no clock, does not wait, and does not know what an attempt is.
//!
//! Vector's idea and names (additive increase, multiplicative decrease), with these differences: it is fed *attempts*,
//! so neither backoff nor queueing here is taken for latency; it starts by doubling, so a server that answers in 100 ms
//! is found from 1 to 200 in under two seconds where `+1` takes twenty; it compares with the server's unpressed latency,
//! which it measures again now and then, so that it cannot creep up a queue.

mod latency;
mod window;

use std::time::Duration;

use self::latency::{Latency, Reading};
use self::window::{Cut, High, Window, part, wait};
use super::{AdaptiveConcurrency, Concurrency};
use crate::telemetry::Found;

/// Round trips a window needs at least: a mean of fewer is chance.
const FEWEST_SAMPLES: u32 = 4;

/// After so many increases in a row the next ones are larger by one: the server has become bigger than it was.
const CLIMB: usize = 8;

/// Windows between two measurements of the unpressed latency, each of which costs half of one window.
const DIP_EVERY: u32 = 128;

/// Attempts under way that are older on average than so many round trips are hanging: no time to send more. With
/// exponential latencies one is usual.
const HANGING: f64 = 2.0;

/// Round trips until what ends is a fair sample again after a large step: before, the long ones are still under way (up)
/// or nothing but long ones is (down).
const STEADY: f64 = 3.0;

/// What is left of the latency when the limit is halved, if it was we who caused it; the half plus chance.
const STILL_HIGH: f64 = 0.75;

/// What the end of an attempt says about the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// It answered as it should; the round trip counts.
    Success,
    /// It is asked too much: refused for load, failed, or silent.
    BackPressure,
    /// Nothing: the request was at fault, or the attempt was given up here.
    Neither,
}

/// Finds how many attempts may be under way at once.
#[derive(Clone, Debug)]
pub struct ConcurrencyController {
    /// None where the limit is fixed
    settings: Option<AdaptiveConcurrency>,
    limit: usize,
    phase: Phase,
    in_flight: u32,
    /// The sum of the moments at which those in flight started; with it their mean age is known without a list.
    starts: Duration,
    window: Window,
    latency: Option<Latency>,
    cut: Option<Cut>,
    high: Option<High>,
    climbs: usize,
    windows: u32,
    /// The limit to return to from a measurement of the unpressed latency
    dip: Option<usize>,
    found: Found,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Doubling, until the first sign of trouble, which leads back to the last limit known to be good
    SlowStart { good: usize },
    /// Up by a little, down by a part
    Avoidance,
}

impl ConcurrencyController {
    /// A controller that has seen nothing.
    pub fn new(settings: Concurrency) -> Self {
        let (settings, limit) = match settings {
            Concurrency::Fixed(limit) => (None, limit.get()),
            Concurrency::Adaptive(settings) => (
                Some(settings),
                settings.initial_concurrency.min(settings.max_concurrency_limit).get(),
            ),
        };
        Self {
            settings,
            limit,
            phase: Phase::SlowStart { good: limit },
            in_flight: 0,
            starts: Duration::ZERO,
            window: Window::default(),
            latency: None,
            cut: None,
            high: None,
            climbs: 0,
            windows: 0,
            dip: None,
            found: Found::default(),
        }
    }

    /// Goes on with other settings; with the same ones nothing is forgotten.
    pub fn set(&mut self, settings: Concurrency) {
        let (in_flight, starts) = (self.in_flight, self.starts);
        let is_same = match (settings, self.settings) {
            (Concurrency::Fixed(limit), None) => limit.get() == self.limit,
            (Concurrency::Adaptive(settings), Some(before)) => settings == before,
            (Concurrency::Fixed(_), Some(_)) | (Concurrency::Adaptive(_), None) => false,
        };
        if !is_same {
            *self = Self { in_flight, starts, ..Self::new(settings) };
        }
    }

    /// How many attempts may be under way now; never zero.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// How many attempts are under way; more than the limit for a while after it fell.
    pub const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// What the limit was judged by when the last attempt ended, which is in it.
    pub(crate) const fn found(&self) -> Found {
        self.found
    }

    /// Takes note that an attempt starts.
    pub fn started(&mut self, now: Duration) {
        self.in_flight = self.in_flight.saturating_add(1);
        self.starts = self.starts.saturating_add(now);
        let limit = u32::try_from(self.limit).unwrap_or(u32::MAX);
        self.window.reached_limit |= self.in_flight >= limit;
    }

    /// Takes note that an attempt ended which took `rtt`, waiting excluded, and gives the new limit. Each
    /// [`started`](Self::started) needs one such call, also where the attempt is given up ([`Signal::Neither`]).
    pub fn ended(&mut self, now: Duration, rtt: Duration, signal: Signal) -> usize {
        let started = now.saturating_sub(rtt);
        self.in_flight = self.in_flight.saturating_sub(1);
        self.starts = match self.in_flight {
            0 => Duration::ZERO,
            _ => self.starts.saturating_sub(started),
        };
        let Some(settings) = self.settings else {
            return self.limit;
        };
        let is_sample = signal == Signal::Success && now >= self.window.opens;
        if is_sample {
            self.window.samples.add(rtt.as_secs_f64());
        }
        let samples = self.window.samples;
        self.found = Found {
            mean: (samples.count() > 0.0).then(|| samples.mean()),
            usual: self.latency.map(|latency| latency.usual()),
            reached_limit: self.window.reached_limit,
        };
        match signal {
            Signal::Success if is_sample && samples.count() >= self.enough() => {
                self.close(now, &settings);
            }
            Signal::BackPressure if self.is_news(now, started) => self.cut(now, &settings),
            Signal::Success | Signal::BackPressure | Signal::Neither => {}
        }
        self.limit
    }

    /// Round trips that make a window: half of those under way, so that it lasts half a round trip.
    fn enough(&self) -> f64 {
        let limit = u32::try_from(self.limit).unwrap_or(u32::MAX);
        f64::from(FEWEST_SAMPLES.max(limit / 2))
    }

    /// Whether back pressure is about the present limit: attempts sent before the last decrease tell nothing new.
    fn is_news(&self, now: Duration, started: Duration) -> bool {
        self.cut.is_none_or(|cut| started >= cut.at && now >= cut.settled_at)
    }

    fn close(&mut self, now: Duration, settings: &AdaptiveConcurrency) {
        let samples = self.window.samples;
        let reading = match &mut self.latency {
            Some(latency) => latency.judge(&samples, settings),
            None => {
                self.latency = Some(Latency::new(&samples));
                Reading::Calm
            }
        };
        self.windows = self.windows.saturating_add(1);
        if reading == Reading::High {
            return self.too_slow(now, settings);
        }
        self.high = None;
        let returned = self.dip.is_some();
        if let Some(before) = self.dip.take() {
            self.limit = before;
            if let Some(latency) = &mut self.latency {
                latency.remeasure(&samples, settings);
            }
        } else {
            self.go_on(reading, now, settings);
        }
        let steady = self.dip.is_some() || returned;
        self.open(now, samples.mean(), if steady { STEADY } else { 1.0 });
    }

    /// Raises the limit where that was used up and nothing speaks against it.
    fn go_on(&mut self, reading: Reading, now: Duration, settings: &AdaptiveConcurrency) {
        let max = settings.max_concurrency_limit.get();
        let may_grow =
            reading == Reading::Calm && self.window.reached_limit && !self.is_hanging(now);
        match &mut self.phase {
            Phase::SlowStart { good } => {
                if let Some(latency) = &mut self.latency
                    && self.windows > 1
                {
                    latency.learn(&self.window.samples);
                }
                if may_grow && self.limit < max {
                    *good = self.limit;
                    self.limit = self.limit.saturating_mul(2).min(max);
                } else if may_grow || reading == Reading::Raised {
                    self.phase = Phase::Avoidance;
                }
            }
            Phase::Avoidance if self.windows.is_multiple_of(DIP_EVERY) && self.limit > 3 => {
                self.dip = Some(self.limit);
                self.limit /= 2;
            }
            Phase::Avoidance if may_grow => {
                let step = self.climbs / CLIMB + 1;
                self.climbs = self.climbs.saturating_add(1);
                self.limit = self.limit.saturating_add(step).min(max);
            }
            Phase::Avoidance => {}
        }
    }

    /// Latency is high: sends less, unless that has been tried in vain. Then it is the server's own.
    fn too_slow(&mut self, now: Duration, settings: &AdaptiveConcurrency) {
        let samples = self.window.samples;
        let mut high = *self.high.get_or_insert(High { mean: samples.mean(), limit: self.limit });
        high.mean = high.mean.max(samples.mean());
        if self.limit == 1 || self.limit <= high.limit / 2 {
            if self.limit == 1 || samples.mean() > high.mean * STILL_HIGH {
                self.latency = Some(Latency::new(&samples));
                self.high = None;
                self.phase = Phase::SlowStart { good: self.limit };
                return self.open(now, samples.mean(), 1.0);
            }
            high = High { mean: samples.mean(), limit: self.limit };
        }
        self.high = Some(high);
        self.cut(now, settings);
    }

    fn cut(&mut self, now: Duration, settings: &AdaptiveConcurrency) {
        let (limit, round_trips) = match self.phase {
            Phase::SlowStart { good } if good < self.limit => (good, STEADY),
            Phase::SlowStart { .. } | Phase::Avoidance => {
                (part(self.limit, settings.decrease_ratio.get()), 1.0)
            }
        };
        self.limit = limit;
        self.phase = Phase::Avoidance;
        self.dip = None;
        self.climbs = 0;
        let round_trip = if self.window.samples.count() > 0.0 {
            self.window.samples.mean()
        } else {
            self.latency.map_or(0.0, |latency| latency.usual())
        };
        self.open(now, round_trip, round_trips);
        self.cut = Some(Cut { at: now, settled_at: now.saturating_add(wait(round_trip)) });
    }

    /// Opens a window as soon as the limit has taken effect.
    fn open(&mut self, now: Duration, round_trip: f64, round_trips: f64) {
        self.window = Window {
            opens: now.saturating_add(wait(round_trip * round_trips)),
            ..Window::default()
        };
    }

    /// Whether those under way are older than answers usually take: then some will never be answered.
    fn is_hanging(&self, now: Duration) -> bool {
        let age = now.saturating_mul(self.in_flight).saturating_sub(self.starts);
        let usual = self.window.samples.mean() * f64::from(self.in_flight);
        age.as_secs_f64() > HANGING * usual
    }
}

#[cfg(test)]
mod tests;
