//! What is said again and again is said seldom, with how often it was not.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The least time between two lines that say the same, as in Vector.
const EVERY: Duration = Duration::from_secs(10);

/// Limits one kind of line. It is told the time.
#[derive(Debug, Default)]
pub(crate) struct Repeats(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: Duration,
    suppressed: u64,
}

impl Repeats {
    /// If the line may be written now: how many were not since the last.
    pub(crate) fn may_tell(&self, now: Duration) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now < state.next {
            state.suppressed += 1;
            return None;
        }
        state.next = now.saturating_add(EVERY);
        Some(std::mem::take(&mut state.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_and_then_one_in_ten_seconds() {
        let repeats = Repeats::default();
        let told: Vec<_> =
            (0..25).map(|second| repeats.may_tell(Duration::from_secs(second))).collect();
        let lines: Vec<_> = told.iter().flatten().collect();
        assert_eq!(lines, [&0, &9, &9]);
    }
}
