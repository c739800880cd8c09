//! Order per lane, independence between lanes, and that everything ends exactly once.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::courier::{Body, Endpoint, Request, UserId};

const HOUR: Duration = Duration::from_secs(3600);

fn step(lane: Lane, after: Option<usize>) -> Step {
    let request = match &lane {
        // Nothing that could be merged: that is tried in `ride`.
        Lane::Tenant(_) => Request::InvokeAdHoc { body: Body::empty_object() },
        Lane::None | Lane::User(_) => {
            Request::PostProfile { user: UserId::new("u").unwrap(), body: Body::empty_object() }
        }
    };
    let seed = KeySeed { sink: "s".into(), message_id: "m".into(), step: 0 };
    Step { lane, after, action: Action::Request(request), seed }
}

fn user(id: &str) -> Lane {
    Lane::User(Arc::from(id))
}

fn tenant(id: &str) -> Lane {
    Lane::Tenant(Arc::from(id))
}

fn take(lanes: &mut Lanes<u32>) -> Option<(u32, StepId)> {
    let taken = Class::ALL.into_iter().find_map(|class| lanes.take(class));
    taken.map(|(parcel, ..)| (*lanes.cargo_mut(parcel.first).unwrap(), parcel.first))
}

fn ended(lanes: &mut Lanes<u32>) -> Vec<(u32, EventStatus)> {
    std::iter::from_fn(|| lanes.pop_ended()).map(|ended| (ended.cargo, ended.status)).collect()
}

#[test]
fn a_follower_waits_for_its_own_lane_only() {
    let mut lanes = Lanes::new(HOUR);
    for (event, lane) in [(1, user("a")), (2, user("a")), (3, user("b"))] {
        lanes.enter(event, vec![step(lane, None)]);
    }
    let (first, id) = take(&mut lanes).unwrap();
    assert_eq!((first, take(&mut lanes).unwrap().0), (1, 3));
    assert!(take(&mut lanes).is_none());
    lanes.end(id, EventStatus::Delivered);
    assert_eq!(take(&mut lanes).unwrap().0, 2);
    assert_eq!(ended(&mut lanes), [(1, EventStatus::Delivered)]);
}

#[test]
fn a_membership_waits_for_its_tenant_and_holds_its_user() {
    let mut lanes = Lanes::new(HOUR);
    lanes.enter(1, vec![step(tenant("t"), None), step(user("a"), Some(0))]);
    lanes.enter(2, vec![step(user("a"), None)]);
    let (_, write) = take(&mut lanes).unwrap();
    assert!(take(&mut lanes).is_none(), "the user's next event waits for the membership");
    lanes.end(write, EventStatus::Delivered);
    let (event, membership) = take(&mut lanes).unwrap();
    assert_eq!(event, 1);
    lanes.end(membership, EventStatus::Delivered);
    assert_eq!(take(&mut lanes).unwrap().0, 2);
    assert_eq!(lanes.lanes(), 1);
}

#[test]
fn a_rejected_step_takes_its_event_and_lets_followers_go() {
    let mut lanes = Lanes::new(HOUR);
    lanes.enter(1, vec![step(tenant("t"), None), step(user("a"), Some(0))]);
    lanes.enter(2, vec![step(user("a"), None)]);
    let (_, write) = take(&mut lanes).unwrap();
    lanes.end(write, EventStatus::Rejected);
    assert_eq!(ended(&mut lanes), [(1, EventStatus::Rejected)]);
    assert_eq!(take(&mut lanes).unwrap().0, 2);
}

#[test]
fn followers_of_a_rejected_head_are_rejected_after_it_and_lanes_of_others_go_on() {
    let mut lanes = Lanes::new(HOUR);
    lanes.enter(1, vec![step(user("a"), None), step(user("a"), Some(0))]);
    lanes.enter(2, vec![step(tenant("t"), None), step(user("a"), Some(0))]);
    lanes.enter(3, vec![step(tenant("t"), None), step(user("b"), Some(0))]);
    lanes.enter(4, vec![step(user("a"), None), step(user("a"), Some(0))]);
    lanes.enter(5, vec![step(user("b"), None)]);
    let (_, head) = take(&mut lanes).unwrap();
    let (_, write) = take(&mut lanes).unwrap();
    let mut told = Vec::new();
    lanes.reject_with_followers(head, |event, step, endpoint| {
        told.push((*event, step, endpoint));
    });
    let profile = Endpoint::PostProfile;
    assert_eq!(told, [(2, 1, profile), (4, 0, profile)]);
    assert_eq!(ended(&mut lanes), [(1, EventStatus::Rejected), (4, EventStatus::Rejected)]);
    lanes.enter(6, vec![step(user("a"), None)]);
    assert_eq!(take(&mut lanes).unwrap().0, 6, "what comes later is not behind it");
    lanes.end(write, EventStatus::Delivered);
    let second = lanes.pop_ended().unwrap();
    assert_eq!(
        (second.cargo, second.status, second.steps_done),
        (2, EventStatus::Rejected, vec![0])
    );
    assert_eq!(take(&mut lanes).unwrap().0, 3, "the tenant's next write waited for its turn only");
}

#[test]
fn an_errored_step_takes_everything_behind_it() {
    let mut lanes = Lanes::new(HOUR);
    lanes.enter(1, vec![step(user("a"), None)]);
    lanes.enter(2, vec![step(tenant("t"), None), step(user("a"), Some(0))]);
    lanes.enter(3, vec![step(tenant("t"), None), step(user("b"), Some(0))]);
    lanes.enter(4, vec![step(user("b"), None)]);
    lanes.enter(5, vec![step(user("c"), None)]);
    let (first, head) = take(&mut lanes).unwrap();
    assert_eq!(first, 1);
    lanes.end(head, EventStatus::Errored);
    let mut errored = ended(&mut lanes);
    errored.sort_unstable();
    assert_eq!(errored, [1, 2, 3, 4].map(|event| (event, EventStatus::Errored)));
    assert_eq!(take(&mut lanes).unwrap().0, 5);
    assert_eq!((lanes.len(), lanes.lanes()), (1, 1));
}

#[test]
fn an_event_under_way_elsewhere_ends_when_that_has_ended() {
    let mut lanes = Lanes::new(HOUR);
    lanes.enter(1, vec![step(user("a"), None)]);
    lanes.enter(2, vec![step(tenant("t"), None), step(user("a"), Some(0))]);
    let (_, head) = take(&mut lanes).unwrap();
    let (event, write) = take(&mut lanes).unwrap();
    assert_eq!(event, 2);
    lanes.end(head, EventStatus::Errored);
    assert_eq!(ended(&mut lanes), [(1, EventStatus::Errored)]);
    lanes.end(write, EventStatus::Delivered);
    let last = lanes.pop_ended().unwrap();
    assert_eq!((last.cargo, last.status, last.steps_done), (2, EventStatus::Errored, vec![0]));
    assert!(lanes.is_empty() && lanes.lanes() == 0);
}

/// Steps of one event: which user or tenant, and whether a membership hangs on a tenant write.
fn event() -> impl Strategy<Value = Vec<Step>> {
    prop_oneof![
        (0..3u8).prop_map(|id| vec![step(user(&id.to_string()), None)]),
        Just(vec![step(Lane::None, None)]),
        (0..2u8, 0..3u8).prop_map(|(t, u)| {
            vec![step(tenant(&t.to_string()), None), step(user(&u.to_string()), Some(0))]
        }),
        (0..3u8).prop_map(|id| vec![
            step(user(&id.to_string()), None),
            step(user(&id.to_string()), Some(0))
        ]),
    ]
}

proptest! {
    #[test]
    fn every_event_ends_once_in_order_whatever_happens(
        events in proptest::collection::vec(event(), 1..30),
        choices in proptest::collection::vec((0..8usize, 0..10u8), 200),
    ) {
        let mut lanes = Lanes::new(HOUR);
        let (mut incoming, mut taken) = (events.iter().zip(0..), Vec::<(StepId, Lane)>::new());
        let mut last_in_lane = HashMap::<Lane, (u32, usize)>::new();
        let mut ends = HashMap::<u32, EventStatus>::new();
        let mut choices = choices.into_iter().cycle();
        while ends.len() < events.len() {
            let (pick, fate) = choices.next().unwrap();
            if pick < 3 && let Some((steps, event)) = incoming.next() {
                lanes.enter(event, steps.clone());
            } else if pick < 6 && let Some((event, id)) = take(&mut lanes) {
                let lane = events[usize::try_from(event).unwrap()][id.step].lane.clone();
                if lane != Lane::None {
                    prop_assert!(taken.iter().all(|(_, other)| *other != lane), "two at once in a lane");
                    let last = last_in_lane.insert(lane.clone(), (event, id.step));
                    prop_assert!(last.is_none_or(|last| last < (event, id.step)), "out of order");
                }
                taken.push((id, lane));
            } else if !taken.is_empty() {
                let (id, _) = taken.swap_remove(pick % taken.len());
                match fate {
                    0 => lanes.end(id, EventStatus::Errored),
                    1 => lanes.end(id, EventStatus::Rejected),
                    2 => lanes.reject_with_followers(id, |_, _, _| {}),
                    _ => lanes.end(id, EventStatus::Delivered),
                }
            } else if !lanes.is_empty() {
                let ready = Class::ALL.into_iter().any(|class| lanes.has_ready(class));
                prop_assert!(ready, "work is left and nothing is under way, so a step is ready");
            }
            for (event, status) in ended(&mut lanes) {
                prop_assert!(ends.insert(event, status).is_none(), "ended twice");
            }
        }
        prop_assert!(lanes.is_empty() && lanes.lanes() == 0);
    }
}

const MANY: u32 = 50_000;

/// How much work a run may take, counted in a way that no machine is too slow for: by whether it ends at all. What is
/// quadratic takes minutes here, what is linear a moment.
fn many(steps: impl Fn(u32) -> Vec<Step>) -> Lanes<u32> {
    let mut lanes = Lanes::new(HOUR);
    for event in 0..MANY {
        lanes.enter(event, steps(event));
    }
    lanes
}

#[test]
fn an_errored_head_gives_up_fifty_thousand_followers_in_one_sweep() {
    let mut lanes = many(|_| vec![step(tenant("t"), None), step(user("a"), Some(0))]);
    let (_, head) = take(&mut lanes).unwrap();
    lanes.end(head, EventStatus::Errored);
    let errored = ended(&mut lanes);
    assert_eq!(errored.len(), usize::try_from(MANY).unwrap());
    assert!(lanes.is_empty() && lanes.lanes() == 0 && take(&mut lanes).is_none());
}

#[test]
fn events_that_leave_the_middle_of_a_long_lane_cost_no_search() {
    let mut lanes =
        many(|event| vec![step(tenant(&event.to_string()), None), step(user("a"), Some(0))]);
    let mut taken: Vec<_> = std::iter::from_fn(|| take(&mut lanes)).collect();
    let middle = taken.len() / 2;
    taken.rotate_left(middle);
    for (_, id) in taken {
        lanes.end(id, EventStatus::Rejected);
    }
    assert_eq!(ended(&mut lanes).len(), usize::try_from(MANY).unwrap());
    assert!(lanes.is_empty() && lanes.lanes() == 0);
}

#[test]
fn ready_steps_that_were_given_up_do_not_pile_up_behind_a_class_that_waits() {
    let two = || vec![step(Lane::None, None), step(tenant("x"), None)];
    let mut lanes = Lanes::new(HOUR);
    lanes.enter(0, vec![step(tenant("waits"), None)]);
    for event in 1..1000 {
        lanes.enter(event, two());
        let (parcel, ..) = lanes.take(Class::Profiles).unwrap();
        lanes.end(parcel.first, EventStatus::Rejected);
        assert!(lanes.ready[Class::Automations.index()].steps.len() <= 3);
    }
    assert_eq!(lanes.len(), 1);
}
