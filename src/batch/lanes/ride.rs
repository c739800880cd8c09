//! Steps that ride on a neighbour's request: what waits for pace waits where it can still be merged.

use super::job::State;
use super::{Lanes, Parcel, StepId, position};
use crate::batch::merge::{is_mergeable, merge};
use crate::courier::Action;

/// The most steps that ride on one request. Each makes the request anew, so the work grows with their number.
const MAX_RIDERS: usize = 99;

impl<T> Lanes<T> {
    /// Takes the steps behind `first` that can ride on its request, and gives the request for all of them.
    pub(super) fn take_riders(
        &mut self,
        first: StepId,
        mut action: Action,
    ) -> (Action, Vec<StepId>) {
        let mut riders = Vec::new();
        for id in self.next_in_lane(first, &action) {
            let Some(merged) = self.rides(id).and_then(|later| merge(&action, later)) else {
                break;
            };
            action = merged;
            riders.push(id);
        }
        for id in &riders {
            if let Some(entry) = self.entry_mut(*id) {
                entry.state = State::Taken;
            }
            self.attempted(*id);
        }
        self.try_wait(first, riders.last().copied().unwrap_or(first));
        (action, riders)
    }

    /// Puts the steps of a refused parcel back, each to be sent on its own: which of them was refused is not known.
    pub fn split(&mut self, parcel: &Parcel) {
        for id in parcel.steps() {
            if let Some(entry) = self.entry_mut(id).filter(|entry| entry.state == State::Taken) {
                entry.state = State::Waiting;
                entry.is_alone = true;
            }
        }
        for id in parcel.steps() {
            self.try_ready(id);
        }
    }

    /// What a waiting step does, if all it waits for is its lane.
    fn rides(&self, id: StepId) -> Option<&Action> {
        let entry =
            self.entry(id).filter(|entry| entry.state == State::Waiting && !entry.is_alone)?;
        let is_free = self.jobs.get(id.slot).is_some_and(|job| !job.waits(id.step));
        is_free.then_some(&entry.step.action)
    }

    /// The steps behind `first` that may ride on what it does.
    fn next_in_lane(&self, first: StepId, action: &Action) -> Vec<StepId> {
        let is_alone = self.entry(first).is_none_or(|entry| entry.is_alone);
        if is_alone || !is_mergeable(action) {
            return Vec::new();
        }
        let queue = self.lane(first).and_then(|lane| self.queues.get(&lane));
        let Some(queue) = queue else { return Vec::new() };
        let behind = position(queue, first).map_or(queue.len(), |first| first + 1);
        queue.iter().skip(behind).take(MAX_RIDERS).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::courier::{Body, Class, KeySeed, Request, TenantId, UserId};
    use crate::finalization::EventStatus;
    use crate::plan::{Lane, Step};

    fn seed() -> KeySeed {
        KeySeed { sink: "s".into(), message_id: "m".into(), step: 0 }
    }

    fn profile(user: &str, profile: &str) -> Step {
        let body = Body::new(format!("{{\"profile\":{profile}}}")).unwrap();
        let action =
            Action::Request(Request::PostProfile { user: UserId::new(user).unwrap(), body });
        Step { lane: Lane::User(Arc::from(user)), after: None, action, seed: seed() }
    }

    fn run(user: &str) -> Step {
        let action = Action::Request(Request::InvokeAdHoc { body: Body::empty_object() });
        Step { lane: Lane::User(Arc::from(user)), after: None, action, seed: seed() }
    }

    fn body(action: &Action) -> String {
        let Action::Request(request) = action else { panic!("a request") };
        String::from_utf8(request.body().unwrap().to_bytes().to_vec()).unwrap()
    }

    fn statuses(lanes: &mut Lanes<u32>) -> Vec<(u32, EventStatus)> {
        std::iter::from_fn(|| lanes.pop_ended()).map(|it| (it.cargo, it.status)).collect()
    }

    #[test]
    fn waiting_neighbours_ride_and_every_event_has_its_own_end() {
        let mut lanes = Lanes::new(Duration::MAX);
        for (event, step) in [
            (1, profile("a", r#"{"x":1}"#)),
            (2, profile("b", "{}")),
            (3, profile("a", r#"{"x":2,"y":3}"#)),
        ] {
            lanes.enter(event, vec![step]);
        }
        let (parcel, action, _) = lanes.take(Class::Profiles).unwrap();
        assert_eq!(body(&action), r#"{"profile":{"x":2,"y":3}}"#);
        assert_eq!(parcel.riders.len(), 1);
        for id in parcel.steps() {
            lanes.end(id, EventStatus::Delivered);
        }
        assert_eq!(
            statuses(&mut lanes),
            [(1, EventStatus::Delivered), (3, EventStatus::Delivered)]
        );
    }

    #[test]
    fn nothing_rides_past_a_run() {
        let mut lanes = Lanes::new(Duration::MAX);
        for (event, step) in [(1, profile("a", "{}")), (2, run("a")), (3, profile("a", "{}"))] {
            lanes.enter(event, vec![step]);
        }
        let (parcel, ..) = lanes.take(Class::Profiles).unwrap();
        assert!(parcel.riders.is_empty());
    }

    #[test]
    fn a_membership_rides_only_when_its_own_tenant_is_written() {
        let tenant = TenantId::new("t").unwrap();
        let join =
            Action::Request(Request::PutMembership { user: UserId::new("a").unwrap(), tenant });
        let join =
            Step { lane: Lane::User("a".into()), after: Some(0), action: join, seed: seed() };
        let write = |event| Step { lane: Lane::None, ..run(event) };
        let mut lanes = Lanes::new(Duration::MAX);
        lanes.enter(1, vec![write("a"), join.clone()]);
        lanes.enter(2, vec![write("b"), join]);
        let (first, ..) = lanes.take(Class::Automations).unwrap();
        let (second, ..) = lanes.take(Class::Automations).unwrap();
        lanes.end(first.first, EventStatus::Delivered);
        assert!(lanes.take(Class::Memberships).unwrap().0.riders.is_empty());
        lanes.end(second.first, EventStatus::Delivered);
    }

    #[test]
    fn a_refused_parcel_is_split_and_not_merged_again() {
        let mut lanes = Lanes::new(Duration::MAX);
        for event in 1..=3 {
            lanes.enter(event, vec![profile("a", "{}")]);
        }
        let (parcel, ..) = lanes.take(Class::Profiles).unwrap();
        lanes.enter(4, vec![profile("a", "{}")]);
        lanes.split(&parcel);
        for (event, status) in [
            (1, EventStatus::Delivered),
            (2, EventStatus::Rejected),
            (3, EventStatus::Delivered),
            (4, EventStatus::Delivered),
        ] {
            let (alone, ..) = lanes.take(Class::Profiles).unwrap();
            assert!(alone.riders.is_empty());
            lanes.end(alone.first, status);
            assert_eq!(statuses(&mut lanes), [(event, status)]);
        }
        assert!(lanes.is_empty());
    }
}
