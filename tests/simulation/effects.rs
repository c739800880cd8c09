//! What Courier did, against what was asked of it: at least once, once where that is possible, and in order.

use std::collections::BTreeMap;
use std::time::Duration;

use courier_sink::courier::{Action, Class, Endpoint, Request, TenantWrite};
use courier_sink::finalization::EventStatus;

use crate::events::Meaning;
use crate::log::{Answered, Asked, Committed, Entry, What};
use crate::play::Played;
use crate::replay::{Place, Queue, Replay};

pub(crate) struct Effects<'a> {
    played: &'a Played,
    replay: &'a Replay<'a>,
    taken: BTreeMap<usize, Duration>,
    statuses: BTreeMap<usize, EventStatus>,
    /// Position in the log, time, attempt
    commits: Vec<(usize, Duration, &'a Committed)>,
}

impl<'a> Effects<'a> {
    pub(crate) fn new(played: &'a Played, replay: &'a Replay<'a>) -> Self {
        let (mut taken, mut statuses) = (BTreeMap::new(), BTreeMap::new());
        let mut commits = Vec::new();
        for (position, Entry { at, what }) in played.entries.iter().enumerate() {
            match what {
                What::Taken(event) => drop(taken.insert(*event, *at)),
                What::Ended(event, status) => drop(statuses.insert(*event, *status)),
                What::Commit(commit) => commits.push((position, *at, commit)),
                _ => {}
            }
        }
        Self { played, replay, taken, statuses, commits }
    }

    fn asked(&self, commit: &Committed) -> &'a Asked {
        &self.replay.owners[&commit.attempt].0
    }

    fn steps(&self) -> impl Iterator<Item = Place> {
        let events = self.played.events.iter().enumerate();
        events.flat_map(|(event, it)| match &it.meaning {
            Meaning::Steps(steps) => (0..steps.len()).map(|step| (event, step)).collect(),
            Meaning::Unreadable | Meaning::Skipped | Meaning::Refused => Vec::new(),
        })
    }

    /// Every step of a Delivered event was done.
    pub(crate) fn check_done(&self) -> Result<(), String> {
        for place in self.steps() {
            let is_delivered = self.statuses.get(&place.0) == Some(&EventStatus::Delivered)
                || self.replay.is_done(place.0);
            if is_delivered && !self.is_done(place) {
                return Err(format!("step {place:?} of a Delivered event was never done"));
            }
        }
        Ok(())
    }

    fn is_done(&self, place: Place) -> bool {
        let action = &self.replay.step(place).action;
        let taken = self.taken[&place.0];
        let mark = crate::events::mark(place.0);
        let has_mark = match action {
            Action::UpdateTenant { update, .. } => update.properties.as_str().contains(&mark),
            Action::Request(request) => request
                .body()
                .is_some_and(|body| String::from_utf8_lossy(&body.to_bytes()).contains(&mark)),
        };
        let is_it = |(_, at, commit): &(usize, Duration, &Committed)| {
            let asked = self.asked(commit);
            match action {
                Action::UpdateTenant { tenant, update } => {
                    let path = Request::GetTenant { tenant: tenant.clone() }.path();
                    let is_write = asked.endpoint == Endpoint::PutTenant && asked.path == path;
                    match update.write {
                        // That it is there is enough, whoever wrote it.
                        TenantWrite::CreateOnly => is_write,
                        TenantWrite::Merge if has_mark => {
                            is_write && asked.marks.contains(&place.0)
                        }
                        TenantWrite::Merge => is_write && *at >= taken,
                    }
                }
                Action::Request(Request::PutMembership { .. } | Request::PutTenant { .. })
                    if !has_mark =>
                {
                    asked.path == request_path(action) && *at >= taken
                }
                Action::Request(request) if request.wants_key() => asked.keyed == Some(place),
                Action::Request(request) => {
                    request.path() == asked.path && asked.marks.contains(&place.0)
                }
            }
        };
        // A journey that nobody fits is Delivered as it is: Courier has decided.
        let is_filtered =
            action.endpoint() == Endpoint::InvokeJourney && self.played.weather.filtered == place.0;
        is_filtered || self.commits.iter().any(is_it)
    }

    /// Nothing that reaches a person is done twice, unless Courier leaves no other way.
    ///
    /// Profiles, tenants and memberships may be written again: that changes nothing. A `messageId` is taken once
    /// whatever the key. A run may be started again only where the sink cannot know that it was: after Courier's own
    /// report of a failure, which it replays to the same key for a day, and after the same failure twice running,
    /// which looks the same as such a replay.
    pub(crate) fn check_once(&self) -> Result<(), String> {
        let mut history: BTreeMap<Place, Vec<&What>> = BTreeMap::new();
        for Entry { what, .. } in &self.played.entries {
            let attempt = match what {
                What::Answer(attempt, _) | What::Gone(attempt) => attempt,
                What::Commit(commit) => &commit.attempt,
                _ => continue,
            };
            if let Some(place) = self.replay.owners[attempt].0.keyed {
                history.entry(place).or_default().push(what);
            }
        }
        for (place, history) in history {
            let is_inbound = self.replay.step(place).action.class() == Class::Inbound;
            if starts_again(&history, is_inbound) {
                return Err(format!("step {place:?} was done twice without need: {history:#?}"));
            }
        }
        Ok(())
    }

    /// In each lane the first effects are in the order of arrival. What ended Errored comes again anyway, and it and
    /// what was Rejected may be done behind the sink's back for as long as Courier works on it.
    pub(crate) fn check_order(&self) -> Result<(), String> {
        let mut firsts: BTreeMap<Place, (usize, bool)> = BTreeMap::new();
        for (position, _, commit) in &self.commits {
            let before = self.played.entries.iter().take(*position);
            let is_unseen = before.rev().any(|it| it.what == What::Gone(commit.attempt));
            for owner in &self.replay.owners[&commit.attempt].1 {
                firsts.entry(*owner).or_insert((*position, is_unseen));
            }
        }
        let mut latest: BTreeMap<Queue, (usize, Place)> = BTreeMap::new();
        for place in self.steps() {
            let is_given_up = match self.statuses.get(&place.0) {
                Some(EventStatus::Errored) => true,
                Some(EventStatus::Rejected) => {
                    firsts.get(&place).is_some_and(|(_, is_unseen)| *is_unseen)
                }
                Some(EventStatus::Delivered) | None => false,
            };
            let Some((first, _)) = firsts.get(&place).filter(|_| !is_given_up) else { continue };
            let before = latest.insert(self.replay.queue(place), (*first, place));
            if let Some((_, earlier)) = before.filter(|(position, _)| position > first) {
                return Err(format!("{place:?} took effect before {earlier:?}"));
            }
            let after = self.replay.step(place).after.map(|step| (place.0, step));
            if let Some(after) =
                after.filter(|after| firsts.get(after).is_some_and(|it| it.0 > *first))
            {
                return Err(format!("{place:?} took effect before {after:?}, which it is after"));
            }
        }
        Ok(())
    }
}

fn request_path(action: &Action) -> String {
    match action {
        Action::Request(request) => request.path(),
        Action::UpdateTenant { tenant, .. } => Request::GetTenant { tenant: tenant.clone() }.path(),
    }
}

/// Whether a step was done again though the sink could have known better.
fn starts_again(history: &[&What], is_inbound: bool) -> bool {
    let (mut is_done, mut is_excused) = (false, false);
    let mut last_status = None;
    for what in history {
        match what {
            What::Commit(commit) => {
                if is_done && (is_inbound || !is_excused) {
                    return true;
                }
                is_done = true;
                is_excused |= commit.under_an_error;
            }
            What::Answer(_, Answered::Failed { status, stored, .. }) => {
                let is_final = *stored || status.is_some_and(|status| status >= 500);
                is_excused |= is_final && last_status == Some(*status);
                last_status = Some(*status);
            }
            What::Answer(..) | What::Gone(_) => last_status = None,
            _ => {}
        }
    }
    false
}
