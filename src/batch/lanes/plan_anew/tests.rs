//! Plans that change while events wait: each keeps its place, and what was begun keeps its plan.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::batch::Parcel;
use crate::courier::{Action, Body, KeySeed, Request};
use crate::plan::Lane;

fn step(lane: u8, after: Option<usize>) -> Step {
    let lane = if lane == 0 { Lane::None } else { Lane::User(Arc::from(lane.to_string())) };
    let seed = KeySeed { sink: "s".into(), message_id: "m".into(), step: 0 };
    let action = Action::Request(Request::InvokeAdHoc { body: Body::empty_object() });
    Step { lane, after, action, seed }
}

fn take(lanes: &mut Lanes<u32>) -> Option<(u32, StepId)> {
    let (Parcel { first, .. }, ..) = Class::ALL.into_iter().find_map(|it| lanes.take(it))?;
    Some((*lanes.cargo_mut(first)?, first))
}

fn drain(lanes: &mut Lanes<u32>) -> Vec<u32> {
    let ended = std::iter::from_fn(|| {
        let (event, id) = take(lanes)?;
        lanes.end(id, EventStatus::Delivered);
        Some(event)
    });
    ended.collect()
}

fn all_in(lanes: &mut Lanes<u32>, lane: u8) -> Vec<(u32, ())> {
    lanes.plan_anew(Duration::MAX, |_, _, _| Anew::Steps(vec![step(lane, None)]))
}

#[test]
fn who_comes_into_a_lane_stands_where_it_came_but_behind_what_is_under_way() {
    let mut lanes = Lanes::new(Duration::MAX);
    for (event, lane) in [(1, 1), (2, 1), (3, 2), (4, 2)] {
        lanes.enter(event, vec![step(lane, None)]);
    }
    let (first, id) = take(&mut lanes).unwrap();
    let (third, other) = take(&mut lanes).unwrap();
    assert_eq!((first, third), (1, 3));
    assert!(all_in(&mut lanes, 2).is_empty());
    assert_eq!(take(&mut lanes), None, "event 3 is under way there");
    lanes.end(other, EventStatus::Delivered);
    assert_eq!(drain(&mut lanes), [2, 4]);
    lanes.end(id, EventStatus::Delivered);
    assert!(lanes.is_empty() && lanes.lanes() == 0);
}

#[test]
fn a_head_keeps_an_older_event_waiting_that_came_behind_it_no_longer_than_any() {
    let mut lanes = Lanes::new(Duration::from_secs(60));
    lanes.enter(1, vec![step(1, None)]);
    lanes.enter(2, vec![step(1, None)]);
    lanes.enter(3, vec![step(2, None)]);
    let (_, _first) = take(&mut lanes).unwrap();
    let (_, head) = take(&mut lanes).unwrap();
    let ended =
        lanes.plan_anew(Duration::from_secs(60), |_, _, _| Anew::<()>::Steps(vec![step(2, None)]));
    assert!(ended.is_empty());
    lanes.tell_time([Duration::from_secs(59); Class::ALL.len()]);
    assert_eq!(lanes.pop_overdue(), None);
    // What was waited counts towards a limit that is lowered meanwhile.
    lanes.plan_anew(Duration::from_secs(50), |_, _, _| Anew::<()>::Same);
    assert_eq!(lanes.pop_overdue(), Some(head));
    lanes.end(head, EventStatus::Errored);
    let mut ended: Vec<_> = std::iter::from_fn(|| lanes.pop_ended()).map(|it| it.cargo).collect();
    ended.sort_unstable();
    assert_eq!(ended, [2, 3]);
}

proptest! {
    #[test]
    fn every_event_ends_once_and_lanes_keep_the_order_of_those_that_wait(
        acts in prop::collection::vec((0..8u8, 0..4u8, 0..4u8), 1..120)
    ) {
        let mut lanes = Lanes::new(Duration::MAX);
        let (mut entered, mut ended, mut under_way) = (0_u32, Vec::new(), Vec::new());
        for (act, lane, other) in acts {
            match act {
                0..4 => {
                    lanes.enter(entered, vec![step(lane, None), step(other, Some(0))]);
                    entered += 1;
                }
                4 | 5 => under_way.extend(take(&mut lanes)),
                6 if !under_way.is_empty() => {
                    let (_, id) = under_way.swap_remove(usize::from(lane) % under_way.len());
                    let status = if other == 0 { EventStatus::Errored } else { EventStatus::Delivered };
                    lanes.end(id, status);
                }
                _ => {
                    let mut before = None;
                    let gone = lanes.plan_anew(Duration::MAX, |_, event, _| {
                        assert!(before.replace(*event) < Some(*event), "in the order they came");
                        assert!(under_way.iter().all(|(begun, _)| begun != event));
                        match (*event + u32::from(other)) % 5 {
                            0 => Anew::Ended(()),
                            1 => Anew::Same,
                            _ => Anew::Steps(vec![step(other, None), step(lane, None)]),
                        }
                    });
                    ended.extend(gone.into_iter().map(|(event, ())| event));
                }
            }
            for queue in lanes.queues.values() {
                let waiting = queue.iter().skip_while(|id| lanes.is_taken(**id));
                prop_assert!(waiting.is_sorted_by_key(|id| (id.serial, id.step)));
            }
            ended.extend(std::iter::from_fn(|| lanes.pop_ended()).map(|it| it.cargo));
        }
        while let Some((_, id)) = under_way.pop().or_else(|| take(&mut lanes)) {
            lanes.end(id, EventStatus::Delivered);
        }
        ended.extend(std::iter::from_fn(|| lanes.pop_ended()).map(|it| it.cargo));
        ended.sort_unstable();
        prop_assert_eq!(ended, (0..entered).collect::<Vec<_>>());
        prop_assert!(lanes.is_empty() && lanes.lanes() == 0);
    }
}
