//! The way out: what came of a request ends its steps, and with its last step an event, which is told in one place.

use std::collections::HashMap;

use std::time::Duration;

use super::Driver;
use super::expire::is_expired;
use super::intake::lanes_of;
use super::{noting, showing};
use crate::batch::{Ended, StepId};
use crate::courier::Endpoint;
use crate::delivery::{Failure, FailureKind, Verdict};
use crate::finalization::EventStatus;
use crate::plan::{Plan, plan};
use crate::sink::cargo::Cargo;
use crate::sink::in_flight::Landed;
use crate::sink::window::Room;
use crate::sink::{OnRejected, Transport};
use crate::telemetry::{Repeats, SkipReason};

/// What is said of failures: of each kind the first, and then seldom.
#[derive(Debug, Default)]
pub(super) struct Told(HashMap<FailureKind, Repeats>);

impl<S: Transport> Driver<S> {
    /// A request has come to its end, and with it the steps it did.
    pub(super) fn land(&mut self, Landed { parcel, endpoint, result }: Landed) {
        let status = match &result {
            Ok(_) => EventStatus::Delivered,
            Err(failure) if failure.verdict() == Verdict::Reject => EventStatus::Rejected,
            // Exhausted is not rejected.
            Err(_) => EventStatus::Errored,
        };
        if status == EventStatus::Rejected && !parcel.riders.is_empty() {
            self.part(&parcel, &result);
            return;
        }
        if let Err(failure) = &result {
            self.shared.tally.error(failure.kind.error_type());
        }
        let takes_followers = match status {
            EventStatus::Delivered => false,
            // Being late is nothing that those behind could suffer from: they go on, as behind one that never began.
            EventStatus::Rejected if is_expired(&result) => false,
            EventStatus::Rejected => {
                self.settings.order.on_rejected == OnRejected::DeadLetterFollowers
            }
            EventStatus::Errored => true,
        };
        if takes_followers {
            // What waits in the open batch came after it as well, and must not overtake it either.
            self.close_batch();
            // What has become too old is behind nothing any more.
            self.expire_due();
        }
        for id in parcel.steps() {
            match &result {
                Ok(receipt) => {
                    if let Some(cargo) = self.lanes.cargo_mut(id) {
                        cargo.accept(receipt.outcome);
                    }
                }
                Err(failure) => self.fail(id, endpoint, failure),
            }
            if takes_followers && status == EventStatus::Rejected {
                self.reject_with_followers(id);
            } else {
                self.lanes.end(id, status);
            }
            if status == EventStatus::Delivered
                && let Some(cargo) = self.lanes.cargo_mut(id)
            {
                // Other steps of it are left, and may never be done this time.
                cargo.advance(id.step());
            }
        }
        self.tell_ends();
    }

    /// Notes on an event what went wrong with a step of it.
    pub(super) fn fail(&mut self, id: StepId, endpoint: Endpoint, failure: &Failure) {
        let Some(cargo) = self.lanes.cargo_mut(id) else { return };
        if failure.verdict() != Verdict::Reject {
            let told = self.told.0.entry(failure.kind).or_default();
            // One that stands for others is news; each of them is for whoever looks closely.
            match told.may_tell(self.moment) {
                Some(suppressed) => {
                    tracing::error!(
                        %failure,
                        %endpoint,
                        origin = %cargo.origin,
                        suppressed,
                        "not delivered: the event and those behind it go back to their source"
                    );
                }
                None => {
                    tracing::debug!(%failure, %endpoint, origin = %cargo.origin, "not delivered");
                }
            }
        }
        cargo.fail(id.step(), endpoint, failure);
        if let Some(span) = &cargo.span {
            span.failed(failure.kind.as_str());
        }
    }

    /// Tells the ends of all events that have ended.
    pub(super) fn tell_ends(&mut self) {
        while let Some(ended) = self.lanes.pop_ended() {
            self.end(ended);
        }
    }

    fn reject_with_followers(&mut self, id: StepId) {
        let Some(head) = self.lanes.cargo_mut(id) else { return };
        let before = head.event.message_id.clone();
        self.lanes.reject_with_followers(id, |cargo, step, endpoint| {
            cargo.follow(step, endpoint, &before);
        });
    }

    /// An event has come to its end.
    fn end(&mut self, Ended { mut cargo, status, steps_done }: Ended<Box<Cargo>>) {
        let span = cargo.span.take();
        if let Some(place) = cargo.place {
            self.deadlines.leave(place);
        }
        if let Some(journal) = &self.journal {
            noting::ended(journal, &cargo, status);
        }
        showing::ended(self.tap.as_ref(), cargo.shown, || showing::end(&cargo, status));
        match status {
            EventStatus::Rejected => {
                let (letter, finalizer, room) = cargo.into_letter(steps_done);
                if let Some(span) = span {
                    span.rejected(letter.reason);
                }
                self.letters.send(letter, finalizer, room);
                return;
            }
            EventStatus::Errored => {
                // Of a record that is being taken in, the rest must not overtake it either.
                if self.open.is_some()
                    && let Plan::Steps(steps) = plan(&cargo.event, &self.settings.rules).plan
                {
                    self.left_behind.extend(lanes_of(&steps));
                }
                cargo.tell_back(&steps_done);
                if let Some((resume, detail)) = cargo.returned(&steps_done) {
                    self.letters.returned(&cargo.origin, resume, detail);
                }
            }
            EventStatus::Delivered => {}
        }
        let after = self.leave(cargo.room);
        let tally = &self.shared.tally;
        match status {
            EventStatus::Delivered if cargo.was_accepted => {
                tally.delivered(cargo.event.body.as_str().len(), after);
            }
            EventStatus::Delivered => {
                if let Some(span) = span {
                    span.skipped(SkipReason::Filtered);
                }
                tally.skipped(SkipReason::Filtered);
            }
            EventStatus::Errored | EventStatus::Rejected => tally.errored(),
        }
        cargo.finalizer.finalize(status);
    }

    /// An event has left; gives how long it was inside.
    pub(super) fn leave(&mut self, room: Room) -> Duration {
        self.look.left += 1;
        self.shared.tally.left(room.bytes());
        self.moment.saturating_sub(self.window.leave(room))
    }
}
