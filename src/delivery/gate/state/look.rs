//! What the gate tells whoever asks why it is not faster.

use std::time::Duration;

use super::State;
use crate::courier::Class;
use crate::delivery::gate::hold::HoldReason;
use crate::telemetry::Constraint;

/// The gate at one moment.
#[derive(Clone, Copy, Debug)]
pub struct GateReport {
    /// Why everything is held, if it is
    pub held: Option<HoldReason>,
    /// How many attempts may be under way at once
    pub limit: usize,
    /// How many are
    pub in_flight: u32,
    /// How long each class stays paused, in the order of [`Class::ALL`]
    pub paused: [Option<Duration>; Class::ALL.len()],
    /// What attempts of each class wait for; `None` where none waits
    pub waits: [Option<Constraint>; Class::ALL.len()],
    /// Attempts in a row that were not answered, or with an answer that says nothing but that Courier is not well
    pub unanswered: u32,
}

/// Attempts in a row without a sign of health, after which Courier counts as not well: a few may fail for reasons of
/// their own.
const UNHEALTHY_AFTER: u32 = 5;

impl GateReport {
    /// Whether Courier answers.
    pub const fn is_well(&self) -> bool {
        self.unanswered < UNHEALTHY_AFTER
    }
}

/// What a gate keeps an attempt for: what of all constraints can be a gate's.
#[derive(Clone, Copy, Debug)]
enum Bind {
    Hold,
    Pause,
    Rate,
    Concurrency,
}

impl Bind {
    /// In words, for people.
    const fn words(self) -> &'static str {
        match self {
            Self::Hold => "a hold",
            Self::Pause => "a pause",
            Self::Rate => "the rate",
            Self::Concurrency => "concurrency",
        }
    }

    /// As one of all that a sink may wait for.
    const fn constraint(self) -> Constraint {
        match self {
            Self::Hold => Constraint::Hold,
            Self::Pause => Constraint::Pause,
            Self::Rate => Constraint::Rate,
            Self::Concurrency => Constraint::Concurrency,
        }
    }
}

impl State {
    /// What keeps an attempt of `class` from going now; nothing where it only has to be let go.
    fn binds(&self, class: Class, now: Duration) -> Option<Bind> {
        let state = self.classes.get(class.index())?;
        if self.hold.is_some() {
            return Some(Bind::Hold);
        }
        if state.is_paused(now) {
            return Some(Bind::Pause);
        }
        if state.quiet_until(now).is_some() {
            return Some(Bind::Rate);
        }
        if self.free() == 0 {
            return Some(Bind::Concurrency);
        }
        self.bucket.as_ref()?.ready_at(now).map(|_| Bind::Rate)
    }

    /// The same, in words.
    pub(in crate::delivery::gate) fn constraint(
        &self,
        class: Class,
        now: Duration,
    ) -> Option<&'static str> {
        self.binds(class, now).map(Bind::words)
    }

    /// The same, noted for whoever looks at a moment between two waits.
    pub(in crate::delivery::gate) fn note_wait(
        &mut self,
        class: Class,
        now: Duration,
    ) -> Option<Constraint> {
        let constraint = self.binds(class, now).map(Bind::constraint);
        let last = self.last_waits.get_mut(class.index())?;
        *last = constraint.or(*last);
        constraint
    }

    pub(in crate::delivery::gate) fn report(&self, now: Duration) -> GateReport {
        let waits = Class::ALL.map(|class| {
            let state = self.classes.get(class.index()).filter(|state| state.is_awaited())?;
            let last = self.last_waits.get(class.index()).copied().flatten();
            self.binds(class, now).map(Bind::constraint).or(last).filter(|_| state.is_awaited())
        });
        GateReport {
            held: self.hold_reason(),
            limit: self.concurrency.limit(),
            in_flight: self.concurrency.in_flight(),
            paused: self.classes.each_ref().map(|class| {
                let left = class.pause.until.saturating_sub(now);
                (!left.is_zero()).then_some(left)
            }),
            waits,
            unanswered: self.unanswered,
        }
    }
}
