//! What the end of an attempt says about the server.

use crate::delivery::{FailureKind, Signal};

/// What an end says about the load a server bears, and about the pace it allows.
pub(super) fn signals(
    kind: Option<Result<(), FailureKind>>,
    has_adaptive_rate: bool,
) -> (Signal, Signal) {
    use Signal::{BackPressure, Neither, Success};
    match kind {
        Some(Ok(())) => (Success, Success),
        // Where the pace is found, a 429 is about the pace.
        Some(Err(FailureKind::Throttled)) if has_adaptive_rate => (Neither, BackPressure),
        Some(Err(FailureKind::Throttled)) => (BackPressure, BackPressure),
        Some(Err(FailureKind::Unavailable | FailureKind::Network | FailureKind::TimedOut)) => {
            (BackPressure, Neither)
        }
        // It got past whatever limits the pace.
        Some(Err(FailureKind::Refused)) => (Neither, Success),
        Some(Err(
            FailureKind::Unauthorized
            | FailureKind::Forbidden
            | FailureKind::Unsendable
            | FailureKind::Expired,
        ))
        | None => (Neither, Neither),
    }
}
