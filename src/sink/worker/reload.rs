//! Other settings, taken over between two rounds of work.

use std::task::Context;

use super::{Driver, noting, showing};
use crate::batch::{Anew, Gather, StepId};
use crate::courier::Action;
use crate::finalization::EventStatus;
use crate::plan::{self, Plan, Step};
use crate::sink::cargo::{Cargo, letter};
use crate::sink::deadlines::Deadlines;
use crate::sink::expiration::Lifetime;
use crate::sink::gauges::Gauges;
use crate::sink::window::lane_of;
use crate::sink::{Settings, Transport};
use crate::tap::End as Shown;
use crate::telemetry::{ErrorType, Rejection, SkipReason};

/// How an event ends that the new rules make nothing of.
enum End {
    Skipped(SkipReason),
    Refused(String),
}

impl<S: Transport> Driver<S> {
    /// Takes other settings over, if some have come.
    // Correctness: asked at the beginning of every poll, so the waker is always ours.
    pub(super) fn poll_reload(&mut self, cx: &mut Context<'_>) {
        if let Some(settings) = self.reload.take(cx.waker()) {
            self.take_over(settings);
        }
    }

    fn take_over(&mut self, settings: Settings) {
        // What it holds came after all that is in the lanes, and is planned anew with it.
        self.close_batch();
        // Who became too old by the old limits has ended by them.
        self.expire_due();
        self.lanes.tell_time(self.shared.gate.counted());
        self.batch = Gather::new(settings.batch.clone());
        self.window.resize(settings.buffer);
        self.look.gauges = Gauges::new(self.shared.tally.component(), &settings.buffer);
        self.shared.gate.set(&settings.delivery);
        self.rules = settings.rules.fingerprint();
        self.settings = settings;
        self.plan_anew();
    }

    fn plan_anew(&mut self) {
        let Self { settings, rules, shared, window, deadlines, lanes, journal, tap, .. } = self;
        let now = shared.clock.now();
        let ended = lanes.plan_anew(settings.order.max_wait, |id, cargo, before| {
            // It was begun in another life.
            if cargo.resume.is_some() {
                return Anew::Same;
            }
            let inside = cargo.came_in.elapsed();
            let lifetime = settings.expiration.limit(&cargo.event).map(|limit| Lifetime {
                began: cargo.came_in,
                age: settings
                    .expiration
                    .age(&cargo.event, now)
                    .map(|age| age.saturating_sub(inside)),
                limit,
            });
            move_deadline(deadlines, id, cargo, lifetime);
            let planned = plan::plan(&cargo.event, &settings.rules);
            cargo.rules = *rules;
            if let Plan::Steps(steps) = &planned.plan
                && before.eq(steps)
            {
                return Anew::Same;
            }
            if let Some(journal) = journal {
                noting::planned(journal, &cargo.event, &planned);
            }
            let end = match planned.plan {
                Plan::Steps(steps) => {
                    let size = cargo.event.body.as_str().len();
                    let requests = steps.iter().map(|Step { action, .. }| Action::weight(action));
                    let weight = size.saturating_add(requests.sum());
                    if let (Some(tap), Some(number)) = (&*tap, cargo.shown) {
                        tap.planned(number, showing::requests(&steps));
                    }
                    window.exchange(&mut cargo.room, lane_of(&steps), weight);
                    return Anew::Steps(steps);
                }
                Plan::Skip(reason) => End::Skipped(reason),
                Plan::Refuse(refusal) => End::Refused(refusal.to_string()),
            };
            if let Some(place) = cargo.place.take() {
                deadlines.leave(place);
            }
            Anew::Ended(end)
        });
        for (cargo, end) in ended {
            let Cargo { event, origin, finalizer, room, shown, span, .. } = *cargo;
            match end {
                End::Skipped(reason) => {
                    showing::ended(self.tap.as_ref(), shown, || Shown::Skipped(reason));
                    if let Some(span) = span {
                        span.skipped(reason);
                    }
                    self.leave(room);
                    self.shared.tally.skipped(reason);
                    finalizer.finalize(EventStatus::Delivered);
                }
                End::Refused(detail) => {
                    showing::ended(self.tap.as_ref(), shown, || Shown::Rejected(detail.clone()));
                    if let Some(span) = span {
                        span.rejected(Rejection::Refused);
                    }
                    self.shared.tally.error(ErrorType::Conversion);
                    self.letters.send(
                        letter(&event, origin, Rejection::Refused, detail),
                        finalizer,
                        room,
                    );
                }
            }
        }
    }
}

fn move_deadline(
    deadlines: &mut Deadlines,
    id: StepId,
    cargo: &mut Cargo,
    lifetime: Option<Lifetime>,
) {
    if let Some(place) = cargo.place.take() {
        deadlines.leave(place);
    }
    cargo.place = lifetime.map(|lifetime| deadlines.enter(lifetime.deadline(), id));
    cargo.lifetime = lifetime.map(Box::new);
}
