//! The status of a run as data: written as JSON by the endpoint, and read back by `courier-sink status`. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::board::Health;
use super::readiness::reasons;
use crate::courier::Class;
use crate::runner::buffer::Filled;
use crate::runner::source::Unread;
use crate::sink::{Behind, Pace, Snapshot};
use crate::telemetry::{Constraint, bytes};

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Of the program
    pub version: String,
    /// How long it has run
    pub uptime_seconds: f64,
    /// Bytes of files that were not read yet
    pub unread_bytes: u64,
    /// Each sink by its name
    pub sinks: BTreeMap<String, SinkStatus>,
}

/// How one sink stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SinkStatus {
    /// Whether its destination takes requests
    pub ready: bool,
    /// Why not
    pub reasons: Vec<String>,
    /// What is to be done
    pub backlog: Backlog,
    /// How long the oldest event has been inside, or in the buffer on disk
    pub oldest_event_age_seconds: Option<f64>,
    /// What keeps it from going faster: `hold`, `pause`, `rate`, `concurrency`, `retry`, `order`, `buffer`, `batch`,
    /// `source`; `ended` once it does not run
    pub constraint: String,
    /// What attempts of each class wait for, of those where one waits
    pub classes: BTreeMap<String, String>,
    /// How long each class stays paused
    pub paused_seconds: BTreeMap<String, f64>,
    /// Events that ended per second, over up to the last minute of work; not known until there was a second of it
    pub events_per_second: Option<f64>,
    /// When the backlog will be done at this pace; not known without one, or under a hold
    pub drain_seconds: Option<f64>,
    /// How many events become too old before their turn at this pace: those inside counted, and those on disk and unread
    /// estimated as if they were like them
    pub expiring_events: Option<u64>,
    /// Users and tenants with work inside, and those of them of whom an event waits for an earlier one
    pub lanes: u64,
    /// The latter
    pub lanes_waiting: u64,
    /// How many attempts may be under way
    pub concurrency_limit: u64,
    /// How many are
    pub in_flight: u32,
    /// Events that Courier has
    pub delivered: u64,
    /// Attempts that followed a failed one
    pub retries: u64,
    /// Events that nothing is sent for, by reason
    pub skipped: BTreeMap<String, u64>,
    /// Dead letters, by reason
    pub rejected: BTreeMap<String, u64>,
    /// Events that went back to their source
    pub returned: u64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// Events in memory
    pub inside: u64,
    /// Records on disk that are not in memory
    pub on_disk: u64,
    /// About as many events as its sources have not given yet, judged by those they have; 0 also while there is none to
    /// judge by
    pub unread: u64,
}

impl Backlog {
    /// All of it.
    pub const fn total(self) -> u64 {
        self.inside.saturating_add(self.on_disk).saturating_add(self.unread)
    }
}

impl SinkStatus {
    /// The status of a sink that stands like `now`. `unread` is what its sources have not given yet.
    pub(super) fn new(
        now: &Snapshot,
        disk: Option<Filled>,
        unread: Unread,
        health: Health,
    ) -> Self {
        let inside = wide(now.events);
        let backlog = Backlog {
            inside,
            on_disk: disk.map_or(0, |disk| disk.records.saturating_sub(inside)),
            unread: unread.records.map_or(0, |records| match (disk, unread.given) {
                // A record may hold several events, or a part of them.
                (None, 1..) => share(records, now.taken_in, unread.given),
                (Some(_), _) | (None, 0) => records,
            }),
        };
        let reasons = reasons(now, health);
        let classes = Class::ALL.iter().zip(now.gate.waits);
        let paused = Class::ALL.iter().zip(now.gate.paused);
        let owned = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
        };
        Self {
            ready: reasons.is_empty(),
            reasons,
            backlog,
            oldest_event_age_seconds: now.oldest_age.map(|age| age.as_secs_f64()),
            constraint: now.constraint.to_string(),
            classes: classes
                .filter_map(|(class, wait)| Some((class.to_string(), wait?.to_string())))
                .collect(),
            paused_seconds: paused
                .filter_map(|(class, left)| Some((class.to_string(), left?.as_secs_f64())))
                .collect(),
            events_per_second: now.pace.map(|pace| pace.ended),
            drain_seconds: unread.records.and_then(|_| drain(now, backlog)),
            expiring_events: expiring(now, backlog, disk, unread),
            lanes: wide(now.lanes),
            lanes_waiting: wide(now.lanes_waiting),
            concurrency_limit: wide(now.gate.limit),
            in_flight: now.gate.in_flight,
            delivered: now.totals.delivered,
            retries: now.totals.retries,
            skipped: owned(&now.totals.skipped),
            rejected: owned(&now.totals.rejected),
            returned: now.totals.errored,
        }
    }

    /// The status of a sink that does not run any more, or does not answer.
    pub(super) fn ended() -> Self {
        Self {
            reasons: vec!["the sink does not run".to_owned()],
            constraint: "ended".to_owned(),
            ..Self::default()
        }
    }
}

/// How many there are in `many`, if there are so many in `some`.
fn share(many: u64, in_some: u64, some: u64) -> u64 {
    let all = u128::from(many) * u128::from(in_some) / u128::from(some.max(1));
    u64::try_from(all).unwrap_or(u64::MAX)
}

/// How long the backlog takes at the present pace.
fn drain(now: &Snapshot, backlog: Backlog) -> Option<f64> {
    if backlog.total() == 0 {
        return Some(0.0);
    }
    let pace = now.pace.filter(|_| now.constraint != Constraint::Hold)?;
    let time = |events: u64, pace: f64| {
        if events == 0 { 0.0 } else { bytes(events) / pace }
    };
    let outside = backlog.total().saturating_sub(backlog.inside);
    let seconds = time(backlog.inside, pace.delivered) + time(outside, pace.ended);
    seconds.is_finite().then_some(seconds)
}

/// How many events become too old before their turn, wherever they wait; not known where it is not how many wait.
fn expiring(now: &Snapshot, backlog: Backlog, disk: Option<Filled>, unread: Unread) -> Option<u64> {
    let inside = now.expiring?;
    if unread.records.is_none() && !now.lifetimes.sample.is_empty() {
        return None;
    }
    let none = Pace { delivered: 0.0, ended: 0.0 };
    let pace = now.pace.filter(|_| now.constraint != Constraint::Hold).unwrap_or(none);
    let ages = disk.and_then(|disk| Some((disk.next_age?, disk.newest_age?)));
    let spread = ages.map_or(Duration::ZERO, |(next, newest)| next.saturating_sub(newest));
    let on_disk = Behind { after: 0, events: backlog.on_disk, spread };
    let unread = Behind { after: backlog.on_disk, events: backlog.unread, spread: Duration::ZERO };
    let expiring = |behind| now.lifetimes.expiring(now.events, behind, pace);
    let behind = [on_disk, unread].map(expiring);
    // The only checked way from a float to a whole number that the standard library has.
    let behind = Duration::try_from_secs_f64(behind.iter().sum::<f64>().round());
    Some(wide(inside).saturating_add(behind.map_or(u64::MAX, |behind| behind.as_secs())))
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
