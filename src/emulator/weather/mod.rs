//! Limits and faults: what keeps a request from being done, or its answer from arriving as it should.
//!
//! In: requests in the order they arrive, and the time. Out: what happens to each. Pure: the same settings and the same
//! requests at the same times give the same, whoever asks.

mod chance;
mod limits;

pub(super) use limits::Permit;

use std::time::Duration;

use crate::config::emulator::{Endpoints, Fault, FaultKind, Faults, Limits};
use chance::{Chance, is_due, latency};
use limits::Gate;

/// The limits and faults in force, and how far they are used up.
#[derive(Debug)]
pub(super) struct Weather {
    gate: Gate,
    faults: Faults,
    /// When the faults came into force, since the Unix epoch.
    since: Duration,
    /// How many requests came since.
    requests: u64,
}

/// What is to happen to a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Outlook {
    pub(super) fault: Option<Fault>,
    /// How long the answer waits.
    pub(super) latency: Duration,
    /// Noise, should the answer need some.
    pub(super) noise: u64,
}

impl Weather {
    pub(super) fn new(limits: Limits, faults: Faults, now: Duration) -> Self {
        Self { gate: Gate::new(limits), faults, since: now, requests: 0 }
    }

    /// What is in force.
    pub(super) fn options(&self) -> (&Limits, &Faults) {
        (self.gate.limits(), &self.faults)
    }

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.gate.set(limits);
    }

    /// From now on; schedules and draws begin anew.
    pub(super) fn set_faults(&mut self, faults: Faults, now: Duration) {
        (self.faults, self.since, self.requests) = (faults, now, 0);
    }

    /// Takes room for a request, or tells how long there is none, and in which header to say so.
    pub(super) fn admit(
        &mut self,
        class: Option<Endpoints>,
        now: Duration,
    ) -> Result<Permit, limits::Full> {
        self.gate.admit(class, now)
    }

    /// Gives back the room of a request that is no longer under way.
    pub(super) fn release(&mut self, permit: Permit) {
        self.gate.release(permit);
    }

    /// What happens to the next request, which is of that class.
    pub(super) fn outlook(&mut self, class: Option<Endpoints>, now: Duration) -> Outlook {
        if self.faults.latency.is_none() && self.faults.faults.is_empty() {
            return Outlook::default();
        }
        let (number, age) = (self.requests, now.saturating_sub(self.since));
        self.requests += 1;
        let chance = |salt: u64, seed: Option<u64>| {
            // A seed of its own draws alike wherever it stands; the common one by kind.
            let (seed, salt) = seed.map_or((self.faults.seed, salt), |seed| (seed, 0));
            Chance::new(seed, salt, number)
        };
        let hit = |fault: &&Fault| {
            let salt = FaultKind::ALL.iter().position(|kind| *kind == fault.kind);
            let salt = salt.and_then(|at| u64::try_from(at).ok()).unwrap_or_default();
            let schedule = &fault.schedule;
            is_due(schedule, class, age)
                && chance(salt + 1, schedule.seed).below(schedule.probability)
        };
        let waits = self.faults.latency.as_ref().map(|it| {
            let mut chance = chance(100, it.schedule.seed);
            let is_due = is_due(&it.schedule, class, age);
            let is_hit = is_due && chance.below(it.schedule.probability);
            if is_hit { latency(it, &mut chance) } else { Duration::ZERO }
        });
        Outlook {
            fault: self.faults.faults.iter().find(hit).cloned(),
            latency: waits.unwrap_or_default(),
            noise: chance(200, None).next(),
        }
    }
}
