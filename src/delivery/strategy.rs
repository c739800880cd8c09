//! Which failures another attempt may follow, where that is up to the operator. Pure.

use std::collections::BTreeSet;

use super::{Failure, Verdict};

/// Which answers are followed by another attempt: Vector's `retry_strategy`. Whatever is chosen, 401 and 403 hold the sink,
/// keys change as they must, and `/inbound` takes a 409 for delivered. An event whose last answer was a refusal ends
/// Rejected, any other that is not repeated Errored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RetryStrategy {
    /// 408, 409, 429, 5xx, and what `x-should-retry` says
    #[default]
    Default,
    /// Nothing, timeouts and broken connections included
    None,
    /// Every answer but a 2xx
    All,
    /// Answers with these statuses
    Custom(BTreeSet<u16>),
}

impl RetryStrategy {
    /// Whether another attempt may follow `failure`, if there is one left.
    pub(super) fn repeats(&self, failure: &Failure) -> bool {
        let is_passing = failure.verdict() == Verdict::Retry;
        let status = failure.answer.as_ref().map(|answer| answer.status);
        // Of a 2xx that is a failure the body was not Courier's.
        let is_theirs = status.filter(|it| !matches!(it, 200..=299 | 401 | 403));
        match (self, is_theirs) {
            (Self::None, _) => false,
            (Self::Default, _) | (Self::All | Self::Custom(_), None) => is_passing,
            (Self::All, Some(_)) => true,
            (Self::Custom(statuses), Some(status)) => statuses.contains(&status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::FailureKind;
    use crate::delivery::testing::{answered, silence, throttled};

    #[test]
    fn each_strategy_has_its_answers() {
        let custom = RetryStrategy::Custom([404, 503].into());
        let refused = |status| answered(FailureKind::Refused, status, true);
        let passing = |status| answered(FailureKind::Unavailable, status, true);
        for (failure, default, all, custom_too) in [
            (silence(), true, true, true),
            (passing(500), true, true, false),
            (passing(503), true, true, true),
            (throttled(None), true, true, false),
            (refused(404), false, true, true),
            (refused(400), false, true, false),
            (refused(403), false, false, false),
            (passing(200), true, true, true),
            (refused(200), false, false, false),
            (Failure::without_answer(FailureKind::Unsendable, ""), false, false, false),
        ] {
            assert_eq!(RetryStrategy::Default.repeats(&failure), default, "{failure}");
            assert_eq!(RetryStrategy::All.repeats(&failure), all, "{failure}");
            assert_eq!(custom.repeats(&failure), custom_too, "{failure}");
            assert!(!RetryStrategy::None.repeats(&failure), "{failure}");
        }
    }
}
