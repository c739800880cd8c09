//! What the driver notes of an event's life, where that is wanted.

use std::sync::Arc;

use crate::batch::{Lanes, Parcel};
use crate::event::{Event, Origin};
use crate::finalization::EventStatus;
use crate::journal::{Journal, Moment, Trail};
use crate::plan::Plan;
use crate::sink::cargo::Cargo;

/// Notes that `event` came in, and what it means.
pub(super) fn taken(journal: &Journal, event: &Event, origin: &Origin, plan: &Plan) {
    let id = event.message_id.to_shared();
    let name = match &event.name {
        Some(name) => format!("{}/{name}", event.kind),
        None => event.kind.to_string(),
    };
    let origin = origin.to_string();
    journal.note(id, Moment::Received { origin, event: name });
    planned(journal, event, plan);
}

/// Notes what `event` means, perhaps anew.
pub(super) fn planned(journal: &Journal, event: &Event, plan: &Plan) {
    let moment = match plan {
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
    let detail = cargo.detail().map(str::to_owned);
    journal.note(cargo.event.message_id.to_shared(), Moment::Ended { status, detail });
}

/// The trail of those who ride on `parcel`.
pub(super) fn trail(
    journal: Option<&Journal>,
    lanes: &mut Lanes<Box<Cargo>>,
    parcel: &Parcel,
) -> Option<Arc<Trail>> {
    let journal = journal?;
    let since = lanes.cargo_mut(parcel.first)?.came_in;
    let id = |step| Some(lanes.cargo_mut(step)?.event.message_id.to_shared());
    let ids = parcel.steps().filter_map(id).collect();
    Some(Arc::new(Trail::new(journal.clone(), ids, since)))
}
