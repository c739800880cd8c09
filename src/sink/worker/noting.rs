//! What the driver notes of an event's life, where that is wanted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::{Lanes, Parcel};
use crate::event::{Event, Origin};
use crate::finalization::EventStatus;
use crate::journal::{Journal, Moment, Trail};
use crate::plan::{Plan, Planned};
use crate::sink::cargo::Cargo;
use crate::telemetry::{Constraint, SkipReason};

/// Notes that `event` came in, and what it means.
pub(super) fn taken(journal: &Journal, event: &Event, origin: &Origin, meaning: &Planned) {
    let id = event.message_id.to_shared();
    let name = match &event.name {
        Some(name) => format!("{}/{name}", event.kind),
        None => event.kind.to_string(),
    };
    let origin = origin.to_string();
    journal.note(id, Moment::Received { origin, event: name });
    planned(journal, event, meaning);
}

/// Notes what `event` means, perhaps anew.
pub(super) fn planned(journal: &Journal, event: &Event, meaning: &Planned) {
    if let Some(ignored) = &meaning.ignored_inline {
        journal.note(event.message_id.to_shared(), Moment::Ignored(ignored.to_string()));
    }
    let moment = match &meaning.plan {
        Plan::Steps(steps) => {
            Moment::Planned(steps.iter().map(|step| step.action.endpoint()).collect())
        }
        Plan::Skip(reason) => Moment::Skipped(*reason),
        Plan::Refuse(refusal) => {
            Moment::Ended { status: EventStatus::Rejected, detail: Some(refusal.to_string()) }
        }
    };
    journal.note(event.message_id.to_shared(), moment);
}

/// Notes the end of an event of which nothing was begun.
pub(super) fn at_once(journal: Option<&Journal>, event: &Event, status: EventStatus, detail: &str) {
    if let Some(journal) = journal {
        let detail = Some(detail.to_owned());
        journal.note(event.message_id.to_shared(), Moment::Ended { status, detail });
    }
}

/// Notes the end of an event that had steps.
pub(super) fn ended(journal: &Journal, cargo: &Cargo, status: EventStatus) {
    let moment = match status {
        EventStatus::Delivered if !cargo.was_accepted => Moment::Skipped(SkipReason::Filtered),
        EventStatus::Delivered | EventStatus::Rejected | EventStatus::Errored => {
            Moment::Ended { status, detail: cargo.detail().map(str::to_owned) }
        }
    };
    journal.note(cargo.event.message_id.to_shared(), moment);
}

/// The trail of those who ride on `parcel`, if the first is traced or all are journalled. Lanes tell time since `epoch`.
pub(super) fn trail(
    journal: Option<&Journal>,
    lanes: &mut Lanes<Box<Cargo>>,
    parcel: &Parcel,
    epoch: Instant,
) -> Option<Arc<Trail>> {
    let first = lanes.cargo_mut(parcel.first)?;
    if journal.is_none() && first.span.is_none() {
        return None;
    }
    let since = first.came_in;
    let released = first.span.as_ref().and_then(|span| span.released()).unwrap_or(since);
    let ready_at = lanes.ready_at(parcel.first)?;
    let turn = epoch.checked_add(ready_at).unwrap_or(released);
    let waits: [(Constraint, Duration); 2] = [
        (Constraint::Batch, released.saturating_duration_since(since)),
        (Constraint::Order, turn.saturating_duration_since(released)),
    ];
    let mut ids = Vec::new();
    if journal.is_some() {
        let id = |step| Some(lanes.cargo_mut(step)?.event.message_id.to_shared());
        ids.extend(parcel.steps().filter_map(id));
    }
    let spans = parcel.steps().filter_map(|step| lanes.cargo_mut(step)?.span.clone()).collect();
    Some(Arc::new(Trail::new(journal.cloned(), ids, since).with_spans(spans, &waits)))
}
