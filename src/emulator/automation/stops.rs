//! When the runs under way are cancelled: by their own steps, by those of automations they started, or by a cancel that some
//! other run has yet to make.

use std::time::Duration;

use super::super::state::Runs;

/// The runs under way, each started by the one before it.
#[derive(Debug, Default)]
pub(super) struct Stops(Vec<Stop>);

#[derive(Debug)]
struct Stop {
    token: Option<String>,
    /// When the first cancel is due.
    at: Option<Duration>,
}

impl Stops {
    /// A run begins.
    pub(super) fn open(&mut self, runs: &Runs, token: Option<String>, begins: Duration) {
        let at = token.as_deref().and_then(|token| runs.expected_cancel(token, begins));
        self.0.push(Stop { token, at });
    }

    /// A cancel that is due at a time, for all that are under way.
    pub(super) fn cancel(&mut self, token: &str, at: Duration) {
        for stop in self.0.iter_mut().filter(|stop| stop.token.as_deref() == Some(token)) {
            stop.at = Some(stop.at.map_or(at, |earlier| earlier.min(at)));
        }
    }

    /// Whether the newest is cancelled by then.
    pub(super) fn is_stopped(&self, at: Duration) -> bool {
        self.0.last().and_then(|stop| stop.at).is_some_and(|stop| stop <= at)
    }

    /// The newest is done: when it is cancelled, if it is.
    pub(super) fn close(&mut self) -> Option<Duration> {
        self.0.pop()?.at
    }
}
