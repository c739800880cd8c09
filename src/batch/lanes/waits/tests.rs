//! Who keeps whom waiting, from when, and in whose time.

use super::*;
use crate::batch::Parcel;
use crate::courier::{Action, Body, KeySeed, Request, TenantId, UserId};
use crate::finalization::EventStatus;
use crate::plan::{Lane, Step};

fn step(lane: Lane, after: Option<usize>, request: Request) -> Step {
    let seed = KeySeed { sink: "s".into(), message_id: "m".into(), step: 0 };
    Step { lane, after, action: Action::Request(request), seed }
}

fn run(user: &str, after: Option<usize>) -> Step {
    step(Lane::User(user.into()), after, Request::InvokeAdHoc { body: Body::empty_object() })
}

fn profile(user: &str) -> Step {
    let body = Body::new(r#"{"profile":{}}"#.to_owned()).unwrap();
    let request = Request::PostProfile { user: UserId::new(user).unwrap(), body };
    step(Lane::User(user.into()), None, request)
}

fn group(user: &str) -> Vec<Step> {
    let (user_id, tenant) = (UserId::new(user).unwrap(), TenantId::new("t").unwrap());
    // No two writes are equal, and so none rides on another.
    let body = Body::new(format!(r#"{{"by":"{user}"}}"#)).unwrap();
    let write = Request::PutTenant { tenant: tenant.clone(), body };
    let join = Request::PutMembership { user: user_id, tenant };
    let write = step(Lane::Tenant("t".into()), None, write);
    vec![write, step(Lane::User(user.into()), Some(0), join)]
}

/// Lanes whose heads may keep others waiting for ten seconds.
fn lanes() -> Lanes<u32> {
    Lanes::new(Duration::from_secs(10))
}

/// So many seconds have passed for all classes.
fn pass(lanes: &mut Lanes<u32>, seconds: u64) {
    let now = lanes.waits.now.map(|now| now + Duration::from_secs(seconds));
    lanes.tell_time(now);
}

fn take(lanes: &mut Lanes<u32>, class: Class) -> Parcel {
    lanes.take(class).unwrap().0
}

fn due(lanes: &Lanes<u32>, class: Class) -> Option<u64> {
    lanes.next_due(class).map(|due| due.as_secs())
}

#[test]
fn nobody_waits_for_a_head_before_it_is_taken_nor_without_followers() {
    let mut lanes = lanes();
    lanes.enter(1, vec![run("a", None), run("a", Some(0))]);
    let head = take(&mut lanes, Class::Automations);
    pass(&mut lanes, 60);
    assert_eq!(due(&lanes, Class::Automations), None, "its own next step is nobody else's");
    lanes.enter(2, vec![run("a", None)]);
    lanes.enter(3, vec![run("a", None)]);
    assert_eq!(due(&lanes, Class::Automations), Some(70), "from the first that waits");
    pass(&mut lanes, 9);
    assert_eq!(lanes.pop_overdue(), None);
    pass(&mut lanes, 1);
    assert_eq!((lanes.pop_overdue(), lanes.pop_overdue()), (Some(head.first), None));
    assert!(lanes.is_taken(head.first));
}

#[test]
fn each_head_has_its_own_time_and_gives_it_up_when_it_leaves() {
    let mut lanes = lanes();
    for event in 1..=3 {
        lanes.enter(event, vec![run("a", None)]);
    }
    let first = take(&mut lanes, Class::Automations);
    pass(&mut lanes, 9);
    lanes.end(first.first, EventStatus::Delivered);
    assert_eq!(due(&lanes, Class::Automations), None, "the next has not been taken");
    pass(&mut lanes, 9);
    let second = take(&mut lanes, Class::Automations);
    assert_eq!(due(&lanes, Class::Automations), Some(28));
    lanes.end(second.first, EventStatus::Delivered);
    let third = take(&mut lanes, Class::Automations);
    assert_eq!(due(&lanes, Class::Automations), None, "nobody is behind the last");
    lanes.end(third.first, EventStatus::Delivered);
    assert!(lanes.is_empty());
}

#[test]
fn riders_do_not_wait_but_those_behind_them_do() {
    let mut lanes = lanes();
    lanes.enter(1, vec![profile("a")]);
    lanes.enter(2, vec![profile("a")]);
    let parcel = take(&mut lanes, Class::Profiles);
    assert_eq!((parcel.riders.len(), due(&lanes, Class::Profiles)), (1, None));
    pass(&mut lanes, 5);
    lanes.enter(3, vec![run("a", None)]);
    assert_eq!(due(&lanes, Class::Profiles), Some(15));
    pass(&mut lanes, 4);
    // Refused: each goes alone, and what the head has used up of its time stays so.
    lanes.split(&parcel);
    assert_eq!(due(&lanes, Class::Profiles), None);
    pass(&mut lanes, 60);
    let alone = take(&mut lanes, Class::Profiles);
    assert_eq!(due(&lanes, Class::Profiles), Some(69 + 6));
    lanes.end(alone.first, EventStatus::Rejected);
    assert_eq!(due(&lanes, Class::Profiles), None);
}

#[test]
fn a_membership_waits_in_the_time_of_its_tenants_and_goes_on_in_its_own() {
    let mut lanes = lanes();
    lanes.enter(1, group("a"));
    lanes.enter(2, vec![run("a", None)]);
    assert_eq!(due(&lanes, Class::Tenants), Some(10), "from when it is first in its lane");
    pass(&mut lanes, 7);
    let write = take(&mut lanes, Class::Tenants);
    lanes.end(write.first, EventStatus::Delivered);
    assert_eq!(due(&lanes, Class::Tenants), None);
    pass(&mut lanes, 60);
    take(&mut lanes, Class::Memberships);
    assert_eq!(due(&lanes, Class::Memberships), Some(67 + 3));
}

#[test]
fn a_head_that_waits_for_another_lane_is_given_up_with_those_behind_it_only() {
    let mut lanes = lanes();
    lanes.enter(1, group("a"));
    lanes.enter(2, vec![run("a", None)]);
    let write = take(&mut lanes, Class::Tenants);
    pass(&mut lanes, 5);
    lanes.enter(3, group("b"));
    pass(&mut lanes, 5);
    let head = lanes.pop_overdue().unwrap();
    assert!(!lanes.is_taken(head));
    lanes.give_up_waiting(head);
    assert_eq!(lanes.pop_ended().map(|it| (it.cargo, it.status)), Some((2, EventStatus::Errored)));
    assert!(lanes.pop_ended().is_none(), "the tenant's write is still under way");
    lanes.end(write.first, EventStatus::Delivered);
    let first = lanes.pop_ended().unwrap();
    assert_eq!((first.cargo, first.status, first.steps_done), (1, EventStatus::Errored, vec![0]));
    take(&mut lanes, Class::Tenants);
    assert!(lanes.waits.due.iter().all(BTreeSet::is_empty), "nobody waits for the other user");
}

#[test]
fn a_head_whose_followers_have_left_by_another_way_goes_on() {
    let mut lanes = lanes();
    lanes.enter(1, vec![run("a", None)]);
    lanes.enter(2, group("a"));
    let head = take(&mut lanes, Class::Automations);
    let write = take(&mut lanes, Class::Tenants);
    pass(&mut lanes, 9);
    lanes.end(write.first, EventStatus::Rejected);
    pass(&mut lanes, 1);
    assert_eq!(lanes.pop_overdue(), None);
    lanes.enter(3, vec![run("a", None)]);
    pass(&mut lanes, 9);
    assert_eq!(lanes.pop_overdue(), None, "who has just come has not waited yet");
    pass(&mut lanes, 1);
    assert_eq!(lanes.pop_overdue(), Some(head.first));
}

#[test]
fn what_is_under_way_of_an_event_that_goes_back_has_as_long_also_as_a_rider() {
    let mut lanes = lanes();
    let write = |user| {
        let mut steps = group(user);
        let tenant = TenantId::new("t").unwrap();
        steps[0].action =
            Action::Request(Request::PutTenant { tenant, body: Body::empty_object() });
        steps
    };
    lanes.enter(1, write("a"));
    lanes.enter(2, vec![run("b", None)]);
    lanes.enter(3, write("b"));
    let parcel = take(&mut lanes, Class::Tenants);
    assert_eq!(parcel.riders.len(), 1);
    let head = take(&mut lanes, Class::Automations).first;
    lanes.end(head, EventStatus::Errored);
    assert_eq!(lanes.pop_ended().unwrap().cargo, 2);
    assert_eq!(due(&lanes, Class::Tenants), Some(10));
    pass(&mut lanes, 10);
    assert_eq!(lanes.pop_overdue(), Some(parcel.first));
    for id in parcel.steps() {
        lanes.end(id, EventStatus::Errored);
    }
    assert!(lanes.is_empty() && lanes.pop_overdue().is_none());
}

#[test]
fn whoever_comes_after_all_that_waited_have_left_has_waited_for_nothing_yet() {
    let mut lanes = lanes();
    lanes.enter(1, vec![run("a", None)]);
    take(&mut lanes, Class::Automations);
    let follower = lanes.enter(2, vec![run("a", None)]);
    pass(&mut lanes, 9);
    lanes.reject_rest(follower);
    assert_eq!(due(&lanes, Class::Automations), None);
    pass(&mut lanes, 1);
    lanes.enter(3, vec![run("a", None)]);
    assert_eq!(due(&lanes, Class::Automations), Some(20));
}
