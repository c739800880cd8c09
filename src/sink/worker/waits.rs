//! Heads of lanes that keep others waiting for too long: they are given up.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::Context;

use futures::FutureExt;

use super::Driver;
use crate::batch::StepId;
use crate::courier::Class;
use crate::sink::Transport;
use crate::sink::in_flight::overdue;

impl<S: Transport> Driver<S> {
    /// Gives up what is overdue, when the timer says so; sets it for what will be next.
    // Correctness: what makes time count or not comes of the end of an attempt, which is looked at before. The timer may
    // stand for a head that has left since, and then goes off for nothing, but never late. Asked before the clock is: where
    // that has jumped ahead, answers are as late as the timer, and come first.
    pub(super) fn poll_waits(&mut self, cx: &mut Context<'_>) -> bool {
        let gate = &self.shared.gate;
        let next = |class| gate.counts_to(class, self.lanes.next_due(class)?);
        let Some(next) = Class::ALL.into_iter().filter_map(next).min() else {
            return false;
        };
        if next < self.patience.deadline() || self.patience.is_elapsed() {
            self.patience.as_mut().reset(next);
        }
        if self.patience.poll_unpin(cx).is_pending() {
            return false;
        }
        self.lanes.tell_time(gate.counted());
        let overdue: BTreeSet<StepId> = std::iter::from_fn(|| self.lanes.pop_overdue()).collect();
        if !overdue.is_empty() {
            self.give_up(&overdue);
        }
        true
    }

    fn give_up(&mut self, heads: &BTreeSet<StepId>) {
        // What waits in the open batch came after them, and must not overtake them.
        self.close_batch();
        for mut in_flight in Pin::new(&mut self.in_flight).iter_pin_mut() {
            if heads.contains(&in_flight.parcel.first) {
                in_flight.as_mut().give_up();
            }
        }
        for head in heads {
            if let Some(endpoint) = self.lanes.waits_for_endpoint(*head) {
                self.fail(*head, endpoint, &overdue());
                self.lanes.give_up_waiting(*head);
            }
        }
        self.tell_ends();
    }
}
