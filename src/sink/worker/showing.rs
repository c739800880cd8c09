//! What the driver shows of events to whoever looks on, where somebody does.

use crate::event::{Event, EventType, Id, Origin};
use crate::finalization::EventStatus;
use crate::plan::{Plan, Step};
use crate::sink::DeadLetter;
use crate::sink::cargo::Cargo;
use crate::tap::{Came, End, Number, Requested, Tap};
use crate::telemetry::SkipReason;

/// Said of what was not begun, or was given up, since something before it did not get through.
pub(super) const BEHIND: &str = "an event before it was not delivered";

/// Shows that `event` came in, and what it means; its end, where it has come to it.
pub(super) fn came(tap: &Tap, event: &Event, origin: &Origin, plan: &Plan) -> Option<Number> {
    let number = tap.came(event.kind, event.body.to_bytes(), |came| {
        let user = event.user_id.as_ref().map(Id::as_str);
        let user = user.or_else(|| event.anonymous_id.as_ref().map(Id::as_str));
        let group = || event.group_id.as_ref().map(|group| group.as_str().to_owned());
        Came {
            message_id: Some(event.message_id.to_shared()),
            name: if event.kind == EventType::Group { group() } else { event.name.clone() },
            user: user.map(str::to_owned),
            origin: origin.to_string(),
            requests: match plan {
                Plan::Steps(steps) => requests(steps),
                Plan::Skip(_) | Plan::Refuse(_) => Vec::new(),
            },
            ..came
        }
    })?;
    match plan {
        Plan::Steps(_) => {}
        Plan::Skip(reason) => tap.ended(number, End::Skipped(*reason)),
        Plan::Refuse(refusal) => tap.ended(number, End::Rejected(refusal.to_string())),
    }
    Some(number)
}

/// Shows a record that is no event.
pub(super) fn unreadable(tap: &Tap, letter: &DeadLetter) {
    let number = tap.came(EventType::Other, letter.record.clone(), |came| {
        let origin = letter.origin.to_string();
        Came { name: Some("not an event".to_owned()), origin, ..came }
    });
    if let Some(number) = number {
        tap.ended(number, End::Rejected(letter.detail.clone()));
    }
}

/// Shows the end of an event.
pub(super) fn ended(tap: Option<&Tap>, number: Option<Number>, end: impl FnOnce() -> End) {
    if let (Some(tap), Some(number)) = (tap, number) {
        tap.ended(number, end());
    }
}

/// How an event that had steps ended.
pub(super) fn end(cargo: &Cargo, status: EventStatus) -> End {
    let detail = |otherwise: &str| cargo.detail().unwrap_or(otherwise).to_owned();
    match status {
        EventStatus::Delivered if cargo.was_accepted => End::Delivered,
        EventStatus::Delivered => End::Skipped(SkipReason::Filtered),
        EventStatus::Rejected => End::Rejected(detail("")),
        EventStatus::Errored => End::Errored(detail(BEHIND)),
    }
}

/// The requests that steps mean.
pub(super) fn requests(steps: &[Step]) -> Vec<Requested> {
    let requests = steps
        .iter()
        .map(|Step { action, .. }| Requested { method: action.method(), path: action.path() });
    requests.collect()
}
