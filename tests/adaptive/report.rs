//! What is measured of a run, and the line it makes in a table.

use std::ops::RangeInclusive;
use std::time::Duration;

use courier_sink::delivery::Signal;

/// How near to the settled value counts as there: a decrease is a tenth, and chance has its part.
const NEAR: f64 = 0.3;

/// Stretches of a run, over each of which the mean is taken: short excursions do not unsettle.
const STRETCHES: u32 = 48;

/// The values over time, and what ended in the last third.
#[derive(Debug)]
pub(crate) struct Trace {
    length: Duration,
    changed_at: Duration,
    values: Vec<(Duration, f64)>,
    succeeded: u32,
    refused: u32,
    refused_in_all: u32,
}

/// What a run comes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// The mean over the last third
    pub(crate) settled: f64,
    /// Seconds from the start, or the change, until the value was near that and the means of all later stretches too
    pub(crate) settles_after: f64,
    /// Successes per second in the last third
    pub(crate) through: f64,
    /// The share of attempts refused in the last third
    pub(crate) refused: f64,
    /// Attempts refused from the beginning to the end
    pub(crate) refused_in_all: u32,
}

/// What is good: the settled value, at most so many seconds until then, at least so many through per second, and at most
/// that share refused.
#[derive(Debug)]
pub(crate) struct Bounds(
    pub(crate) RangeInclusive<f64>,
    pub(crate) f64,
    pub(crate) f64,
    pub(crate) f64,
);

impl Bounds {
    pub(crate) fn hold(&self, measured: &Measured) -> bool {
        self.hold_later(measured) && measured.settles_after <= self.1
    }

    /// All but the time until then.
    pub(crate) fn hold_later(&self, measured: &Measured) -> bool {
        let Self(settled, _, through, refused) = self;
        settled.contains(&measured.settled)
            && measured.through >= *through
            && measured.refused <= *refused
    }
}

impl Trace {
    pub(crate) fn new(length: Duration, changed_at: Duration) -> Self {
        Self { length, changed_at, values: Vec::new(), succeeded: 0, refused: 0, refused_in_all: 0 }
    }

    pub(crate) fn ended(&mut self, now: Duration, value: f64, signal: Signal) {
        if self.values.last().is_none_or(|(_, last)| last.to_bits() != value.to_bits()) {
            self.values.push((now, value));
        }
        let refused = u32::from(signal == Signal::BackPressure);
        self.refused_in_all += refused;
        if now >= self.last_third() {
            self.refused += refused;
            self.succeeded += u32::from(signal == Signal::Success);
        }
    }

    fn last_third(&self) -> Duration {
        self.length * 2 / 3
    }

    /// Each value with the moments from which and until which it was in force.
    fn spans(&self) -> impl Iterator<Item = (Duration, Duration, f64)> {
        let ends = self.values.iter().skip(1).map(|(at, _)| *at);
        let spans = self.values.iter().zip(ends.chain([self.length]));
        spans.map(|((start, value), end)| (*start, end, *value))
    }

    fn mean(&self, from: Duration, until: Duration) -> f64 {
        let area = self.spans().map(|(start, end, value)| {
            value * end.min(until).saturating_sub(start.max(from)).as_secs_f64()
        });
        area.sum::<f64>() / (until - from).as_secs_f64()
    }

    pub(crate) fn measure(&self) -> Measured {
        let third = (self.length - self.last_third()).as_secs_f64();
        let settled = self.mean(self.last_third(), self.length);
        let far = |value: f64| (value - settled).abs() > NEAR * settled;
        let stretch = self.length / STRETCHES;
        let stretches = (0..STRETCHES).map(|number| (stretch * number, stretch * (number + 1)));
        let unsettled = stretches
            .rev()
            .find(|(start, end)| *end > self.changed_at && far(self.mean(*start, *end)));
        let until = unsettled.map_or(self.changed_at + stretch, |(_, end)| end);
        let excursions = self.spans().filter(|(start, _, value)| *start < until && far(*value));
        let settled_at = excursions.last().map_or(self.changed_at, |(_, end, _)| end.min(until));
        Measured {
            settled,
            settles_after: settled_at.saturating_sub(self.changed_at).as_secs_f64(),
            through: f64::from(self.succeeded) / third,
            refused: f64::from(self.refused) / f64::from((self.succeeded + self.refused).max(1)),
            refused_in_all: self.refused_in_all,
        }
    }
}

impl Measured {
    /// The line of the table.
    pub(crate) fn line(&self, server: &str, useful: &str) -> String {
        let Self { settled, settles_after, through, refused, refused_in_all } = self;
        let share = refused * 100.0;
        let digits = if *settled < 10.0 { 2 } else { 0 };
        format!(
            "| {server} | {useful} | {settled:.digits$} | {settles_after:.1} s | {through:.digits$} | {share:.2} % | {refused_in_all} |"
        )
    }
}
