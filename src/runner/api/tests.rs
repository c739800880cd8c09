//! The estimates and reasons of a status.

use std::time::Duration;

use super::status::SinkStatus;
use crate::courier::Class;
use crate::delivery::{GateReport, HoldReason};
use crate::runner::buffer::Filled;
use crate::runner::source::Unread;
use crate::sink::{Life, Lifetimes, Pace, Snapshot};
use crate::telemetry::{Constraint, Totals};

#[cfg(feature = "emulator")]
mod foretold;

fn snapshot() -> Snapshot {
    Snapshot {
        events: 100,
        bytes: 1000,
        oldest_age: Some(Duration::from_secs(3)),
        lanes: 10,
        lanes_waiting: 2,
        constraint: Constraint::Rate,
        gate: GateReport {
            held: None,
            limit: 20,
            in_flight: 3,
            paused: [None; Class::ALL.len()],
            waits: [None; Class::ALL.len()],
            unanswered: 0,
        },
        pace: Some(Pace { delivered: 5.0, ended: 10.0 }),
        expiring: Some(0),
        lifetimes: Lifetimes::default(),
        totals: Totals::default(),
        taken_in: 200,
    }
}

fn unread(records: u64) -> Unread {
    Unread { records: Some(records), given: 100, ..Unread::default() }
}

#[test]
fn what_waits_in_memory_on_disk_and_in_files_is_drained_at_its_own_pace() {
    let disk = Filled { records: 150, ..Filled::default() };
    let status = SinkStatus::new(&snapshot(), Some(disk), unread(1000), None);
    assert_eq!(status.backlog.total(), 100 + 50 + 1000);
    // 100 at 5 a second, 1050 at 10.
    assert_eq!(status.drain_seconds, Some(125.0));
    assert!(status.ready && status.reasons.is_empty());
}

#[test]
fn what_is_unread_counts_by_the_events_that_came_of_what_was_given() {
    // 200 events were in 100 records.
    let status = SinkStatus::new(&snapshot(), None, unread(500), None);
    assert_eq!((status.backlog.unread, status.drain_seconds), (1000, Some(120.0)));
    let unknown = Unread { records: None, ..unread(0) };
    let status = SinkStatus::new(&snapshot(), None, unknown, None);
    assert_eq!((status.backlog.unread, status.drain_seconds), (0, None));
}

#[test]
fn those_that_will_be_too_old_are_looked_for_wherever_they_wait() {
    let disk = Filled {
        records: 1100,
        // One that fails is older than all that wait.
        oldest_age: Some(Duration::from_secs(9999)),
        next_age: Some(Duration::from_secs(110)),
        newest_age: Some(Duration::from_secs(10)),
        ..Filled::default()
    };
    let mut now = snapshot();
    now.expiring = Some(7);
    let expiring = |now: &Snapshot, disk, files| {
        SinkStatus::new(now, disk, unread(files), None).expiring_events
    };
    assert_eq!(expiring(&now, Some(disk), 500), Some(7), "nothing inside has a limit");
    let sample = vec![Life::Since(Duration::from_secs(60))];
    now.lifetimes = Lifetimes { limited: 1.0, sample };
    // 20 seconds for those inside. Those on disk came as fast as they go: each has 60 seconds and waits 20.
    assert_eq!(expiring(&now, Some(disk), 0), Some(7));
    // Of those in files it is not known when they came: those are late that come after 40 seconds, and so after 400.
    assert_eq!(expiring(&now, None, 500), Some(7 + 1000 - 400));
    // And all that come behind the thousand on disk.
    assert_eq!(expiring(&now, Some(disk), 500), Some(7 + 500));
    (now.gate.held, now.constraint) = (Some(HoldReason::Unauthorized), Constraint::Hold);
    assert_eq!(expiring(&now, Some(disk), 500), Some(7 + 1000 + 500));
    let unknown = Unread { records: None, ..unread(0) };
    assert_eq!(SinkStatus::new(&now, Some(disk), unknown, None).expiring_events, None);
    now.expiring = None;
    assert_eq!(expiring(&now, Some(disk), 500), None, "without a pace nobody knows");
}

#[test]
fn without_a_pace_or_under_a_hold_nobody_knows_when_it_is_done() {
    let mut now = snapshot();
    now.pace = None;
    assert_eq!(SinkStatus::new(&now, None, unread(0), None).drain_seconds, None);
    let mut now = snapshot();
    (now.gate.held, now.constraint) = (Some(HoldReason::Unauthorized), Constraint::Hold);
    let status = SinkStatus::new(&now, None, unread(0), None);
    assert_eq!((status.drain_seconds, status.ready), (None, false));
    now.pace = Some(Pace { delivered: 0.0, ended: 0.0 });
    now.constraint = Constraint::Pause;
    assert_eq!(SinkStatus::new(&now, None, unread(0), None).drain_seconds, None);
    now.events = 0;
    assert_eq!(SinkStatus::new(&now, None, unread(0), None).drain_seconds, Some(0.0));
}

#[test]
fn whatever_keeps_requests_from_being_taken_is_a_reason_not_to_be_ready() {
    let reasons = |change: fn(&mut Snapshot), health| {
        let mut now = snapshot();
        change(&mut now);
        SinkStatus::new(&now, None, unread(0), health).reasons.join("; ")
    };
    let failed = || Some(Err("no key".to_owned()));
    let held = reasons(|now| now.gate.held = Some(HoldReason::Unauthorized), None);
    assert!(held.starts_with("held: ") && held.contains("401"), "{held}");
    let paused = reasons(|now| now.gate.paused[0] = Some(Duration::from_secs(12)), None);
    assert_eq!(paused, "paused: profiles for 12.0 s");
    assert!(reasons(|now| now.gate.unanswered = 5, None).starts_with("unhealthy: 5"));
    assert_eq!(reasons(|now| now.gate.unanswered = 4, None), "");
    assert_eq!(reasons(|_| {}, failed()), "unhealthy: no key");
    assert_eq!(reasons(|now| now.totals.delivered = 1, failed()), "");
}
