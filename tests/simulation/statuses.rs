//! How each event ended by itself: of several in a record only the worst end is told.

use std::collections::BTreeMap;

use courier_sink::finalization::EventStatus;

use crate::log::{Entry, What};
use crate::play::Played;
use crate::replay::Replay;

/// The statuses of all events; of those in a record with others, what must have become of them.
pub(crate) fn own(played: &Played, replay: &Replay<'_>) -> BTreeMap<usize, EventStatus> {
    let has_letter = |event: usize| {
        let is_it = |entry: &Entry| matches!(entry.what, What::Letter(Some(it), _) if it == event);
        played.entries.iter().any(is_it)
    };
    let was_taken = |event| played.entries.iter().any(|entry| entry.what == What::Taken(event));
    let mut statuses = BTreeMap::new();
    for Entry { what, .. } in &played.entries {
        let What::Ended(event, told) = what else { continue };
        let is_alone = played.record(*event).len() == 1;
        let status = match told {
            told if is_alone => *told,
            EventStatus::Delivered => EventStatus::Delivered,
            _ if has_letter(*event) => EventStatus::Rejected,
            _ if replay.is_done(*event) && was_taken(*event) => EventStatus::Delivered,
            EventStatus::Rejected => EventStatus::Rejected,
            EventStatus::Errored => EventStatus::Errored,
        };
        statuses.insert(*event, status);
    }
    statuses
}

/// Whether each record told the worst end of its events, unless it was dropped before all had ended.
pub(crate) fn check_worst(
    played: &Played,
    own: &BTreeMap<usize, EventStatus>,
    is_dropped: bool,
) -> Result<(), String> {
    for Entry { what, .. } in &played.entries {
        let What::Ended(event, told) = what else { continue };
        let worst =
            played.record(*event).map(|event| own[&event]).max_by_key(|status| badness(*status));
        let was_given_up = is_dropped && *told == EventStatus::Errored;
        if worst != Some(*told) && !was_given_up {
            return Err(format!("the record of event {event} is {told:?}, its worst is {worst:?}"));
        }
    }
    Ok(())
}

fn badness(status: EventStatus) -> u8 {
    match status {
        EventStatus::Delivered => 0,
        EventStatus::Rejected => 1,
        EventStatus::Errored => 2,
    }
}
