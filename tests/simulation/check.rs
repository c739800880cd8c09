//! The promises, each with a name, against the log of one run.

use std::collections::{BTreeMap, BTreeSet};

use courier_sink::finalization::EventStatus;

use crate::capacity::Capacity;
use crate::effects::Effects;
use crate::events::Meaning;
use crate::log::{Entry, What, tail};
use crate::play::{End, Played};
use crate::replay::Replay;
use crate::statuses;

/// A promise that was not kept.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) promise: &'static str,
    what: String,
    /// Where in the log it came to light
    position: usize,
}

impl Broken {
    /// One line.
    pub(crate) fn summary(&self, seed: u64) -> String {
        format!("seed {seed} broke the promise `{}`: {}", self.promise, self.what)
    }

    /// The settings, the weather and the log up to where it came to light.
    pub(crate) fn story(&self, played: &Played) -> String {
        let Played { options, weather, face, end, entries, .. } = played;
        let tail = tail(entries, self.position);
        format!("{face:?} {end:?}\n{}{weather:?}\n{tail}", options.text)
    }
}

/// Checks every promise.
pub(crate) fn promises(played: &Played) -> Result<(), Broken> {
    let end = played.entries.len();
    let late = |promise| move |what| Broken { promise, what, position: end };
    it_ends(played).map_err(late("it ends"))?;
    one_status(played).map_err(late("each event has exactly one status"))?;
    let replay = flow(played)?;
    let effects = Effects::new(played, &replay);
    effects.check_done().map_err(late("what is Delivered was done"))?;
    effects.check_once().map_err(late("it was done once"))?;
    effects.check_order().map_err(late("first effects are in the order of arrival"))?;
    letters(played, &replay).map_err(late("a Rejected event has one dead letter with its reason"))
}

/// Reads the log once from front to back: lanes, pace, permits, window.
fn flow(played: &Played) -> Result<Replay<'_>, Broken> {
    let mut replay = Replay::new(played);
    let mut capacity = Capacity::new(played);
    for (position, entry) in played.entries.iter().enumerate() {
        let at = |promise| move |what| Broken { promise, what, position: position + 1 };
        replay
            .note(entry)
            .map_err(at("lanes keep their order, and only the exhausted is Errored"))?;
        capacity.leave(&replay);
        capacity.note(entry).map_err(at("rate, permits and window are never exceeded"))?;
        if matches!(entry.what, What::Dropped) {
            break;
        }
        if let Some(next) = played.entries.get(position + 1) {
            capacity
                .check_idle(&replay, next.at)
                .map_err(at("no token and no permit lies idle while work waits"))?;
        }
    }
    if !played.entries.iter().any(|entry| entry.what == What::Dropped) {
        let end = played.entries.len();
        let late = |what| Broken { promise: "every attempt ends", what, position: end };
        capacity.idle_attempts().map_err(late)?;
    }
    Ok(replay)
}

fn it_ends(played: &Played) -> Result<(), String> {
    let must_finish = matches!(played.end, End::Complete | End::Drained(_));
    let has_finished = played.entries.iter().any(|entry| entry.what == What::Finished);
    if must_finish && !has_finished {
        return Err("something is stuck".to_owned());
    }
    Ok(())
}

fn one_status(played: &Played) -> Result<(), String> {
    let mut statuses: BTreeMap<usize, EventStatus> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for Entry { what, .. } in &played.entries {
        match what {
            What::Taken(event) => drop(taken.insert(*event)),
            What::Ended(event, status) => {
                if let Some(before) = statuses.insert(*event, *status) {
                    return Err(format!("event {event} is {status:?} and was {before:?}"));
                }
            }
            _ => {}
        }
    }
    for event in 0..played.events.len() {
        match statuses.get(&event) {
            None => return Err(format!("event {event} has none")),
            Some(status) if !taken.contains(&event) && *status != EventStatus::Errored => {
                return Err(format!("event {event} was never taken and is {status:?}"));
            }
            Some(_) => {}
        }
    }
    for Entry { what, .. } in &played.entries {
        if let What::Responded(event, told) = what {
            let status = statuses[event];
            if told.unwrap_or(EventStatus::Errored) != status {
                return Err(format!("event {event} is {status:?}, its response says {told:?}"));
            }
        }
    }
    Ok(())
}

fn letters(played: &Played, replay: &Replay<'_>) -> Result<(), String> {
    let is_dropped = played.entries.iter().any(|entry| entry.what == What::Dropped);
    let own = statuses::own(played, replay);
    statuses::check_worst(played, &own, is_dropped)?;
    let mut letters: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for Entry { at, what } in &played.entries {
        if let What::Letter(event, reason) = what {
            let event = event.ok_or("a letter does not say where its record is from")?;
            if *reason == "expired" && replay.deadline(event).is_none_or(|deadline| *at < deadline)
            {
                return Err(format!("event {event} is said to have expired at {at:?}"));
            }
            letters.entry(event).or_default().push(reason);
        }
    }
    for (event, status) in &own {
        let letters = letters.remove(event).unwrap_or_default();
        let is_right = match (status, &letters[..]) {
            (EventStatus::Rejected, [reason]) => reasons(played, replay, *event).contains(reason),
            (EventStatus::Rejected, _) => false,
            // Its letter may have been kept at the very end, and nobody told.
            (EventStatus::Errored, [_]) => is_dropped,
            (EventStatus::Errored | EventStatus::Delivered, letters) => letters.is_empty(),
        };
        if !is_right {
            return Err(format!("event {event} is {status:?} and has the letters {letters:?}"));
        }
    }
    Ok(())
}

/// The reasons for which an event may be Rejected.
fn reasons(played: &Played, replay: &Replay<'_>, event: usize) -> Vec<&'static str> {
    let poison = played.weather.poison.iter();
    let poison = poison.filter(|(it, _)| *it == event).map(|(_, status)| *status);
    match &played.events[event].meaning {
        Meaning::Unreadable => vec!["unreadable"],
        Meaning::Refused => vec!["refused"],
        Meaning::Skipped => Vec::new(),
        Meaning::Steps(_) => {
            let reason = |status| if status == 403 { "forbidden" } else { "answered" };
            let follower = replay.followers.contains(&event).then_some("follower");
            let expired = replay.deadline(event).is_some().then_some("expired");
            poison.map(reason).chain(follower).chain(expired).collect()
        }
    }
}
