//! Whether the promises are checked at all: a log that was tampered with must break the one that is meant, and the
//! schedules must hold everything that can go wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use courier_sink::courier::Endpoint;
use courier_sink::finalization::EventStatus;
use courier_sink::plan::Ordering;
use fastrand::Rng;

use crate::check::promises;
use crate::log::{Answered, Entry, What};
use crate::options::{HOUR, Options};
use crate::play::{End, Face, Played, play};
use crate::strategy::Strategy;

mod holds;

/// Some runs to the end on a stream, with logs worth tampering with.
fn runs() -> impl Iterator<Item = Played> {
    let is_whole = |it: &Played| it.face == Face::Stream && it.end == End::Complete;
    // Where lanes are given up, less is promised of what is in them.
    let is_patient = |seed: &u64| Options::draw(&mut Rng::with_seed(*seed)).max_wait == HOUR;
    (0..150).filter(is_patient).map(play).filter(is_whole)
}

/// The promises that are broken when `change` is made to a log, as often as it finds something to change.
fn broken_by(change: impl Fn(&Played, &mut Vec<Entry>) -> bool) -> Vec<Option<&'static str>> {
    let tampered = runs().filter_map(|mut played| {
        let mut entries = played.entries.clone();
        let is_changed = change(&played, &mut entries);
        played.entries = entries;
        is_changed.then(|| promises(&played).err().map(|broken| broken.promise))
    });
    let promises: Vec<_> = tampered.collect();
    assert!(promises.len() > 3, "the change found nothing to change");
    promises
}

fn remove(entries: &mut Vec<Entry>, is_meant: impl Fn(&What) -> bool) -> bool {
    let position = entries.iter().position(|entry| is_meant(&entry.what));
    position.map(|position| entries.remove(position)).is_some()
}

fn repeat(entries: &mut Vec<Entry>, is_meant: impl Fn(&What) -> bool) -> bool {
    let position = entries.iter().position(|entry| is_meant(&entry.what));
    position.map(|position| entries.insert(position, entries[position].clone())).is_some()
}

/// The attempts that run something.
fn runs_something(entries: &[Entry]) -> BTreeSet<usize> {
    let started = entries.iter().filter_map(|entry| match &entry.what {
        What::Start(attempt, asked) => Some((*attempt, asked.endpoint)),
        _ => None,
    });
    let runs = [Endpoint::InvokeAutomation, Endpoint::InvokeAdHoc, Endpoint::InboundRudderStack];
    started.filter(|(_, endpoint)| runs.contains(endpoint)).map(|(attempt, _)| attempt).collect()
}

fn is_commit_of(attempts: &BTreeSet<usize>) -> impl Fn(&What) -> bool {
    move |what| matches!(what, What::Commit(it) if attempts.contains(&it.attempt))
}

#[test]
fn a_status_too_few_or_too_many_is_noticed() {
    const PROMISE: Option<&str> = Some("each event has exactly one status");
    let is_end = |what: &What| matches!(what, What::Ended(..));
    let missing = broken_by(|_, entries| remove(entries, is_end));
    let double = broken_by(|_, entries| repeat(entries, is_end));
    assert!(missing.into_iter().chain(double).all(|promise| promise == PROMISE));
}

#[test]
fn a_run_that_never_was_or_was_twice_is_noticed() {
    let never = broken_by(|_, entries| {
        let attempts = runs_something(entries);
        let before = entries.len();
        entries.retain(|entry| !is_commit_of(&attempts)(&entry.what));
        before - entries.len() > 5
    });
    assert!(never.iter().all(|promise| *promise == Some("what is Delivered was done")));
    let twice = broken_by(|_, entries| {
        let attempts = runs_something(entries);
        repeat(entries, is_commit_of(&attempts))
    });
    let noticed = twice.iter().filter(|promise| **promise == Some("it was done once"));
    assert!(noticed.count() * 4 > twice.len() * 3, "few have the excuse of an error: {twice:?}");
}

#[test]
fn two_attempts_at_once_in_a_lane_are_noticed() {
    let noticed = broken_by(|_, entries| repeat(entries, |what| matches!(what, What::Start(..))));
    let promise = "lanes keep their order, and only the exhausted is Errored";
    assert!(noticed.iter().all(|it| *it == Some(promise)));
}

#[test]
fn effects_that_changed_places_are_noticed() {
    let noticed = broken_by(|played, entries| {
        let commits = entries.iter().enumerate();
        let commits = commits.filter(|(_, entry)| matches!(entry.what, What::Commit(_)));
        let commits: Vec<usize> = commits.map(|(position, _)| position).collect();
        for (first, second) in commits.iter().zip(commits.iter().rev()) {
            if first < second {
                let what = entries[*first].what.clone();
                entries[*first].what = std::mem::replace(&mut entries[*second].what, what);
            }
        }
        commits.len() > 20 && played.options.settings().rules.ordering == Ordering::User
    });
    let promise = "first effects are in the order of arrival";
    assert!(noticed.iter().all(Option::is_some) && noticed.contains(&Some(promise)));
}

#[test]
fn a_lost_letter_is_noticed() {
    let is_letter = |what: &What| matches!(what, What::Letter(..));
    // With others in its record the event would also seem to stay inside.
    let noticed = broken_by(|played, entries| {
        played.records.len() == played.events.len() && remove(entries, is_letter)
    });
    let promise = "a Rejected event has one dead letter with its reason";
    assert!(noticed.iter().all(|it| *it == Some(promise)));
}

#[test]
fn haste_and_idleness_are_noticed() {
    let hasty = broken_by(|played, entries| {
        for entry in entries.iter_mut() {
            entry.at /= 50;
        }
        played.options.rate.is_some()
    });
    let promise = "rate, permits and window are never exceeded";
    assert!(hasty.iter().filter(|it| **it == Some(promise)).count() * 2 > hasty.len());
    let hasty = broken_by(|played, entries| {
        for entry in entries.iter_mut() {
            entry.at /= 50;
        }
        let Options { rate, class_rates, adaptive_rate, .. } = &played.options;
        rate.is_none() && (!class_rates.is_empty() || adaptive_rate.is_some())
    });
    // A rate that adapts to a Courier that limits nothing is soon above any haste.
    assert!(hasty.iter().filter(|it| **it == Some(promise)).count() * 3 > hasty.len(), "{hasty:?}");
    let idle = broken_by(|_, entries| {
        // Everything from the middle of the attempts on comes an hour late.
        let starts = entries.iter().enumerate();
        let starts = starts.filter(|(_, entry)| matches!(entry.what, What::Start(..)));
        let starts: Vec<usize> = starts.map(|(position, _)| position).collect();
        let Some(middle) = starts.get(starts.len() / 2) else { return false };
        for entry in &mut entries[*middle..] {
            entry.at += Duration::from_secs(3600);
        }
        true
    });
    let promise = "no token and no permit lies idle while work waits";
    assert!(idle.iter().filter(|it| **it == Some(promise)).count() * 2 > idle.len(), "{idle:?}");
}

#[test]
fn a_record_that_tells_another_end_than_its_events_had_is_noticed() {
    let noticed = broken_by(|played, entries| {
        let is_whole = |record: &&std::ops::Range<usize>| {
            let is_delivered = |event| {
                let end = What::Ended(event, EventStatus::Delivered);
                entries.iter().any(|entry| entry.what == end)
            };
            record.len() > 1 && (*record).clone().all(is_delivered)
        };
        let Some(record) = played.records.iter().find(is_whole) else { return false };
        for entry in entries.iter_mut() {
            if let What::Ended(event, status) = &mut entry.what
                && record.contains(event)
            {
                *status = EventStatus::Rejected;
            }
        }
        true
    });
    let promise = "a Rejected event has one dead letter with its reason";
    assert!(noticed.iter().all(|it| *it == Some(promise)), "{noticed:?}");
}

/// What a log holds, in a word each, and what the sink was asked to find out by itself.
fn seen(played: &Played) -> impl Iterator<Item = String> {
    let options = &played.options;
    let drawn = [
        ("adaptive concurrency", options.is_adaptive),
        ("adaptive rate", options.adaptive_rate.is_some()),
        ("nothing is repeated", options.strategy == Strategy::None),
        ("all is repeated", options.strategy == Strategy::All),
        ("some answers are repeated", matches!(options.strategy, Strategy::Custom(_))),
        ("class rates", !options.class_rates.is_empty()),
        ("records of several", played.records.len() < played.events.len()),
    ];
    let drawn =
        drawn.into_iter().filter(|(_, is_drawn)| *is_drawn).map(|(name, _)| name.to_owned());
    drawn.chain(played.entries.iter().map(|entry| match &entry.what {
        What::Ended(_, status) => format!("{status:?}"),
        What::Answer(_, Answered::Done(outcome)) => format!("{outcome:?}"),
        What::Answer(_, Answered::Failed { kind, status: None, .. }) => format!("{kind:?}"),
        What::Answer(_, Answered::Failed { status: Some(status), stored, wait, .. }) => {
            let stored = if *stored { " stored" } else { "" };
            let wait = if wait.is_some() { " with a wait" } else { "" };
            format!("{status}{stored}{wait}")
        }
        What::Commit(commit) if commit.under_an_error => "done under an error".to_owned(),
        What::Responded(_, told) => match told {
            Some(EventStatus::Errored) => "told Errored".to_owned(),
            Some(_) => "told".to_owned(),
            None => "told Closed".to_owned(),
        },
        What::Rode(_) => "rode".to_owned(),
        What::Gone(_) => "gone".to_owned(),
        What::Held(held) => format!("held {held}"),
        What::GivenUp(..) => "given up".to_owned(),
        What::Dropped => "dropped".to_owned(),
        What::LetterLost(_) => "letter lost".to_owned(),
        What::Letter(_, reason) => (*reason).to_owned(),
        What::Commit(_) | What::Refused(_) | What::Taken(_) | What::Start(..) | What::Finished => {
            String::new()
        }
    }))
}

#[test]
fn everything_that_can_go_wrong_does() {
    let seen: BTreeSet<String> =
        (0..200).flat_map(|seed| seen(&play(seed)).collect::<Vec<_>>()).collect();
    let missing: Vec<_> = [
        "Delivered",
        "Rejected",
        "Errored",
        "Accepted",
        "Duplicate",
        "Filtered",
        "Absent",
        "Network",
        "adaptive concurrency",
        "adaptive rate",
        "nothing is repeated",
        "all is repeated",
        "some answers are repeated",
        "class rates",
        "records of several",
        "200",
        "400 stored",
        "401 stored",
        "403 stored",
        "408",
        "409",
        "429 stored",
        "429 stored with a wait",
        "500 stored",
        "502",
        "503",
        "done under an error",
        "told",
        "told Errored",
        "rode",
        "gone",
        "held true",
        "held false",
        "dropped",
        "letter lost",
        "unreadable",
        "refused",
        "answered",
        "forbidden",
        "follower",
        "given up",
    ]
    .into_iter()
    .filter(|name| !seen.contains(*name))
    .collect();
    assert!(missing.is_empty(), "{missing:?} are not among {seen:?}");
}

#[test]
fn an_attempt_that_comes_too_late_and_a_letter_that_comes_too_early_are_noticed() {
    let is_expired = |entry: &Entry| matches!(entry.what, What::Letter(_, "expired"));
    let expiring = runs().filter(|it| it.entries.iter().any(is_expired)).collect::<Vec<_>>();
    assert!(expiring.len() > 3, "some runs last longer than events may");
    let promises_with = |change: fn(Duration) -> Duration| {
        let broken = expiring.iter().filter(|played| {
            let mut played = (*played).clone();
            played.options.expires_after = played.options.expires_after.map(change);
            promises(&played).is_err()
        });
        broken.count()
    };
    assert_eq!(promises_with(|limit| limit), 0);
    assert!(promises_with(|limit| limit / 2) > 3, "half the time is too short for some attempt");
    assert_eq!(promises_with(|limit| limit * 2), expiring.len());
}
