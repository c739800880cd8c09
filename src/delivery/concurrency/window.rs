//! What is remembered of one limit, of the last decrease and of a run of high latency; and the sums they need.

use std::time::Duration;

use super::latency::Samples;

/// How long it waits at most for a limit to take effect; no attempt is worth waiting for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What is seen of one limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    /// A round trip after the limit changed: what ends earlier tells of the old one.
    pub(super) opens: Duration,
    pub(super) samples: Samples,
    pub(super) reached_limit: bool,
}

/// The last decrease.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) at: Duration,
    /// A round trip later; until then there is no other.
    pub(super) settled_at: Duration,
}

/// A run of windows with high latency: the highest, and the limit at its beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct High {
    pub(super) mean: f64,
    pub(super) limit: usize,
}

/// So long, but no longer than is worth waiting.
pub(super) fn wait(seconds: f64) -> Duration {
    let exact = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT);
    exact.min(LONGEST_WAIT)
}

/// That part of a limit, at least one less and at least one.
pub(super) fn part(limit: usize, ratio: f64) -> usize {
    let exact = f64::from(u32::try_from(limit).unwrap_or(u32::MAX)) * ratio;
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number below 2^32; the standard library offers no checked way"
    )]
    let whole = exact as u32;
    usize::try_from(whole).unwrap_or(limit).clamp(1, limit.saturating_sub(1).max(1))
}
