//! Events that become too old: what of them is not begun any more, and what that makes of the lanes.

use std::time::Duration;

use super::{Place, Replay, State};

impl Replay<'_> {
    /// When nothing of an event may be begun any more.
    pub(crate) fn deadline(&self, event: usize) -> Option<Duration> {
        let events = &self.played.events;
        self.played.options.expires_after.map(|limit| limit.saturating_sub(events[event].age))
    }

    pub(super) fn is_late(&self, event: usize, at: Duration) -> bool {
        self.deadline(event).is_some_and(|deadline| deadline <= at)
    }

    /// What is begun must not be too late.
    pub(super) fn check_in_time(&self, places: &[Place], at: Duration) -> Result<(), String> {
        match places.iter().find(|(event, _)| self.is_late(*event, at)) {
            Some(place) => Err(format!("{place:?} is attempted and has expired")),
            None => Ok(()),
        }
    }

    /// Ends whatever has become too old by `now` and is not under way.
    pub(super) fn end_late(&mut self, now: Duration) {
        if self.played.options.expires_after.is_none() || self.dropped {
            return;
        }
        let late = |place: &Place| {
            let deadline = self.deadline(place.0).filter(|deadline| *deadline <= now);
            deadline.map(|deadline| (deadline, *place))
        };
        let rests = |(place, progress): (&Place, &super::Progress)| {
            matches!(progress.state, State::Waiting | State::Resting).then(|| late(place))
        };
        let mut late: Vec<_> = self.progress.iter().filter_map(rests).flatten().collect();
        late.sort_unstable();
        for (deadline, place) in late {
            match self.progress[&place].state {
                State::Waiting => self.finish(place, State::Over, deadline),
                State::Resting => self.part(place, deadline),
                State::UnderWay | State::Done | State::Over => {}
            }
        }
    }

    /// Whether the steps of an attempt that has ended may not be attempted together again; then they part.
    pub(super) fn part_if_late(&mut self, owners: &[Place], at: Duration) -> bool {
        let is_late = owners.iter().any(|(event, _)| self.is_late(*event, at));
        if is_late {
            self.part(owners[0], at);
        }
        is_late
    }

    /// Of a request that rests, what is too old ends, and the others wait for their turn again.
    fn part(&mut self, place: Place, at: Duration) {
        let mut parcels = self.riders.iter();
        let found = parcels.find(|(first, riders)| **first == place || riders.contains(&place));
        let first = found.map_or(place, |(first, _)| *first);
        let riders = self.riders.remove(&first).unwrap_or_default();
        for place in [vec![first], riders].concat() {
            if self.is_late(place.0, at) {
                self.finish(place, State::Over, at);
            } else {
                let progress = self.rest(place, at);
                progress.renew();
                (progress.state, progress.ready_at) = (State::Waiting, at);
            }
        }
    }
}
