//! One limit of the pace, reckoned from the starts of attempts alone.

use std::collections::VecDeque;
use std::time::Duration;

use crate::options::{AdaptiveRate, Rate};

pub(crate) struct Pace {
    limit: Limit,
    starts: VecDeque<Duration>,
    /// When its bucket would be full again; for one that adapts, when at the latest it has a token
    full_at: Duration,
}

enum Limit {
    Fixed(Rate),
    Adaptive(AdaptiveRate),
}

impl Pace {
    pub(crate) fn fixed(rate: Rate) -> Self {
        Self { limit: Limit::Fixed(rate), starts: VecDeque::new(), full_at: Duration::ZERO }
    }

    pub(crate) fn adaptive(rate: AdaptiveRate) -> Self {
        Self { limit: Limit::Adaptive(rate), starts: VecDeque::new(), full_at: Duration::ZERO }
    }

    /// An attempt begins; an error is one too many.
    pub(crate) fn spend(&mut self, at: Duration) -> Result<(), String> {
        let (most, per) = match &self.limit {
            Limit::Fixed(rate) => {
                self.full_at = self.full_at.max(at) + rate.per / rate.limit;
                (rate.limit + rate.burst, rate.per)
            }
            Limit::Adaptive(rate) => {
                let second = Duration::from_secs(1);
                self.full_at = at + second / rate.floor;
                // Its bucket is a hundredth of a second deep, and at least one.
                (rate.ceiling + 1, second)
            }
        };
        while self.starts.front().is_some_and(|start| *start + per <= at) {
            self.starts.pop_front();
        }
        self.starts.push_back(at);
        if self.starts.len() > usize::try_from(most).expect("a rate is small") {
            return Err(format!("{} attempts within {per:?}", self.starts.len()));
        }
        Ok(())
    }

    /// When there is a token at the latest.
    pub(crate) fn token_at(&self) -> Duration {
        match &self.limit {
            Limit::Fixed(rate) => {
                self.full_at.saturating_sub(rate.per / rate.limit * (rate.burst - 1))
            }
            Limit::Adaptive(_) => self.full_at,
        }
    }
}
