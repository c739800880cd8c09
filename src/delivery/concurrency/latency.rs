//! What is usual for the server, and whether a window of round trips lies above it, as arithmetic.
//!
//! It compares with the latency the server has when we do not press it, not with the last window alone: a queue that
//! grows by a little in each window would never look unusual beside the window before.

use super::super::AdaptiveConcurrency;

/// What a rise must amount to before it means anything, as a part of the usual latency. A server under even load
/// varies by some percent; a queue worth fearing adds more.
const TOLERANCE: f64 = 0.1;

/// The most samples the usual latency rests on; more would only make it slow to learn.
const MOST_SAMPLES: f64 = 256.0;

/// The round trips of one window: their number, mean and spread (Welford's way, which does not cancel).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Samples {
    count: f64,
    mean: f64,
    squares: f64,
}

/// How a window's mean compares with what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As usual
    Calm,
    /// Higher, but it may be chance
    Raised,
    /// Higher than chance explains
    High,
}

/// The usual latency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    usual: f64,
    samples: f64,
    variance: f64,
}

impl Samples {
    pub(super) fn add(&mut self, seconds: f64) {
        self.count += 1.0;
        let difference = seconds - self.mean;
        self.mean += difference / self.count;
        self.squares += difference * (seconds - self.mean);
    }

    pub(super) const fn count(&self) -> f64 {
        self.count
    }

    pub(super) const fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0).max(1.0)
    }
}

impl Latency {
    /// What the first window tells.
    pub(super) fn new(window: &Samples) -> Self {
        Self { usual: window.mean(), samples: window.count().max(1.0), variance: window.variance() }
    }

    /// The usual latency in seconds.
    pub(super) const fn usual(&self) -> f64 {
        self.usual
    }

    /// Compares a window with what is usual. Learns the spread from it, but not the mean: that is measured on purpose.
    pub(super) fn judge(&mut self, window: &Samples, settings: &AdaptiveConcurrency) -> Reading {
        let band = self.band(window, settings);
        self.variance += settings.ewma_alpha.get() * (window.variance() - self.variance);
        if window.mean() > self.usual + band {
            Reading::High
        } else if window.mean() > self.usual + band / 2.0 {
            Reading::Raised
        } else {
            Reading::Calm
        }
    }

    /// Takes a window of the slow start into the average, each sample alike.
    pub(super) fn learn(&mut self, window: &Samples) {
        self.samples = (self.samples + window.count()).min(MOST_SAMPLES);
        let weight = (window.count() / self.samples).min(1.0);
        self.usual += weight * (window.mean() - self.usual);
    }

    /// Moves towards a window that was measured on purpose.
    pub(super) fn remeasure(&mut self, window: &Samples, settings: &AdaptiveConcurrency) {
        self.samples = (self.samples + window.count()).min(MOST_SAMPLES);
        self.usual += settings.ewma_alpha.get() * (window.mean() - self.usual);
    }

    /// How far a mean may lie from the usual by chance: so many standard errors of the difference of two means.
    fn band(&self, window: &Samples, settings: &AdaptiveConcurrency) -> f64 {
        let variance = self.variance.max(window.variance());
        let error = (variance / window.count().max(1.0) + variance / self.samples).sqrt();
        (settings.rtt_deviation_scale.get() * error).max(TOLERANCE * self.usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(seconds: &[f64]) -> Samples {
        let mut samples = Samples::default();
        for seconds in seconds {
            samples.add(*seconds);
        }
        samples
    }

    #[test]
    fn a_rise_within_the_spread_is_calm_and_one_beyond_it_is_high() {
        let settings = AdaptiveConcurrency::default();
        let mut even = Latency::new(&window(&[1.0; 8]));
        assert_eq!(even.judge(&window(&[1.04; 8]), &settings), Reading::Calm);
        assert_eq!(even.judge(&window(&[1.08; 8]), &settings), Reading::Raised);
        assert_eq!(even.judge(&window(&[1.2; 8]), &settings), Reading::High);
        let mut uneven = Latency::new(&window(&[0.5, 1.5, 0.6, 1.4]));
        assert_eq!(uneven.judge(&window(&[1.2; 8]), &settings), Reading::Calm);
        assert_eq!(uneven.judge(&window(&[3.0; 8]), &settings), Reading::High);
    }

    #[test]
    fn a_quicker_server_becomes_the_usual_one() {
        let settings = AdaptiveConcurrency::default();
        let mut latency = Latency::new(&window(&[1.0; 8]));
        for _ in 0..20 {
            latency.remeasure(&window(&[0.5; 8]), &settings);
        }
        assert_eq!(latency.judge(&window(&[0.7; 8]), &settings), Reading::High);
    }
}
