//! Whether a sink's destination takes requests, and if not, why. Pure.

use super::board::Health;
use crate::courier::Class;
use crate::sink::Snapshot;

/// Why the destination is not ready; nothing where it is.
pub(super) fn reasons(now: &Snapshot, health: Health) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(held) = now.gate.held {
        reasons.push(format!("held: {held}"));
    }
    for (class, left) in Class::ALL.iter().zip(now.gate.paused) {
        if let Some(left) = left {
            reasons.push(format!("paused: {class} for {:.1} s", left.as_secs_f64()));
        }
    }
    if !now.gate.is_well() {
        let unanswered = now.gate.unanswered;
        reasons.push(format!("unhealthy: {unanswered} attempts in a row got no answer that helps"));
    }
    // What was delivered since tells more than a check when it began.
    if let Some(Err(error)) = health
        && now.totals.delivered == 0
        && reasons.is_empty()
    {
        reasons.push(format!("unhealthy: {error}"));
    }
    reasons
}
