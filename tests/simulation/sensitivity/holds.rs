//! Whether it is noticed what is said of a hold, and of a request that is refused with 403.

use courier_sink::delivery::{FailureKind, Verdict};

use super::*;

#[test]
fn a_hold_that_is_told_wrongly_is_noticed() {
    let noticed = broken_by(|_, entries| {
        let mut entries = entries.iter_mut();
        let told = entries.find_map(|entry| match &mut entry.what {
            What::Held(is_held) => Some(is_held),
            _ => None,
        });
        told.map(|is_held| *is_held = !*is_held).is_some()
    });
    let promise = "lanes keep their order, and only the exhausted is Errored";
    assert!(noticed.iter().all(|it| *it == Some(promise)), "{noticed:?}");
}

/// Whoever is refused for good was asked twice, with something let through in between.
#[test]
fn a_request_that_is_forbidden_too_early_is_noticed() {
    let noticed = broken_by(|_, entries| {
        let position = entries.iter().position(|entry| {
            let Entry { what, .. } = entry;
            matches!(what, What::Answer(_, Answered::Failed { kind: FailureKind::Forbidden, .. }))
        });
        let Some(position) = position else { return false };
        // Its first 403 is a proxy's 502: now its second one is the first, and too few.
        if let What::Answer(_, Answered::Failed { kind, verdict, status, stored, .. }) =
            &mut entries[position].what
        {
            (*kind, *verdict) = (FailureKind::Unavailable, Verdict::Retry);
            (*status, *stored) = (Some(502), false);
        }
        true
    });
    assert!(noticed.iter().all(Option::is_some), "{noticed:?}");
}
