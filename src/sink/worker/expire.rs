//! Events that become too old while they are inside. Those that wait for their turn end at their deadline; a step that has
//! begun is ended by its stack, between two attempts.

use std::sync::Arc;
use std::task::Context;

use futures::FutureExt;
use tokio::time::Instant;

use super::Driver;
use crate::batch::{Lanes, Parcel, StepId};
use crate::clock::Time;
use crate::courier::{Action, Generation};
use crate::delivery::{Expiry, Failure, FailureKind, Receipt, Shared};
use crate::plan::Step;
use crate::sink::Transport;
use crate::sink::cargo::Cargo;
use crate::sink::deadlines::Deadlines;

impl<S: Transport> Driver<S> {
    /// Ends the events whose deadline has come, and has itself woken for the next one.
    pub(super) fn poll_deadlines(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        // The clock is asked, since a timer whose time has come may say so a moment later.
        while let Some(next) = self.deadlines.next() {
            if self.expire_due() {
                progress = true;
                continue;
            }
            if self.alarm.deadline() != next {
                self.alarm.as_mut().reset(next);
            }
            if self.alarm.poll_unpin(cx).is_pending() {
                break;
            }
        }
        progress
    }

    /// Ends the events whose deadline has come.
    pub(super) fn expire_due(&mut self) -> bool {
        let mut progress = false;
        while let Some(id) = self.deadlines.pop(Instant::now()) {
            self.expire(id);
            progress = true;
        }
        progress
    }

    /// A parcel of several events failed for good: each is to end as it must. Where one was refused it is not known
    /// which; where it became too old that is known, and the others may travel together again.
    pub(super) fn part(&mut self, parcel: &Parcel, result: &Result<Receipt, Failure>) {
        if is_expired(result) {
            self.lanes.put_back(parcel);
        } else {
            self.lanes.split(parcel);
        }
        let now = Instant::now();
        for id in parcel.steps() {
            let deadline = self.lanes.cargo_mut(id).and_then(|cargo| cargo.deadline());
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.expire(id);
            }
        }
    }

    /// Nothing more is begun of an event. If nothing is left to begin, it ends as it would have.
    fn expire(&mut self, id: StepId) {
        let Some((next, endpoint)) = self.lanes.next_step(id) else { return };
        if let Some(cargo) = self.lanes.cargo_mut(id) {
            let failure = Failure::without_answer(FailureKind::Expired, "");
            let failure = Failure { generation: cargo.generation(), ..failure };
            cargo.fail(next.step(), endpoint, &failure);
            if let Some(span) = &cargo.span {
                span.failed(failure.kind.as_str());
            }
            self.shared.tally.error(failure.kind.error_type());
        }
        self.lanes.reject_rest(id);
        self.tell_ends();
    }
}

/// Takes an event in, and notes its deadline.
pub(super) fn enter(
    lanes: &mut Lanes<Box<Cargo>>,
    deadlines: &mut Deadlines,
    cargo: Box<Cargo>,
    steps: Vec<Step>,
) {
    let deadline = cargo.deadline();
    if let Some(span) = &cargo.span {
        span.release();
    }
    let id = lanes.enter(cargo, steps);
    if let Some(deadline) = deadline
        && let Some(cargo) = lanes.cargo_mut(id)
    {
        cargo.place = Some(deadlines.enter(deadline, id));
    }
}

/// Whether a step was ended by its stack because it became too old.
pub(super) fn is_expired(result: &Result<Receipt, Failure>) -> bool {
    result.as_ref().is_err_and(|failure| failure.kind == FailureKind::Expired)
}

/// Until when a parcel may be attempted as it is: as long as the first of its events.
pub(super) fn expiry(
    deadlines: &Deadlines,
    lanes: &mut Lanes<Box<Cargo>>,
    parcel: &Parcel,
    generation: Generation,
) -> Option<Arc<Expiry>> {
    // Without limits this is all they cost.
    deadlines.next()?;
    let mut deadline = |id| lanes.cargo_mut(id)?.deadline();
    let deadline = parcel.steps().filter_map(&mut deadline).min()?;
    Some(Arc::new(Expiry::new(deadline, generation)))
}

/// Until when Courier is asked to remember the key of `action`, if it has one and that is longer than it does anyway.
pub(super) fn key_expires(
    shared: &Shared,
    action: &Action,
    expiry: Option<&Expiry>,
) -> Option<Time> {
    match action {
        Action::Request(request) if request.wants_key() => shared.key_expires(expiry),
        Action::Request(_) | Action::UpdateTenant { .. } => None,
    }
}
