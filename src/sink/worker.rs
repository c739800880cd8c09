//! The driver: takes records in while there is room, plans them, lets steps go when it is their turn, and tells every
//! event's end.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{FuturesUnordered, Stream};
use futures::{FutureExt, StreamExt};
use tokio::time::{Instant, Sleep};
use tower::Service;

use super::cargo::Cargo;
use super::deadlines::Deadlines;
use super::gauges::Gauges;
use super::in_flight::InFlight;
use super::inspect::Questions;
use super::letters::Letters;
use super::reload::Reload;
use super::window::Window;
use super::{DeadLetters, Record, Settings, Transport};
use crate::batch::{Gather, Lanes};
use crate::courier::Class;
use crate::delivery::{Shared, Stack, Work, for_first_tries, stack};
use crate::journal::Journal;
use crate::plan::{Lane, Step};
use crate::tap::Tap;
use expire::{enter, expiry, key_expires};
use look::Look;
use noting::trail;
use open::OpenRecord;

mod ends;
mod expire;
mod intake;
mod noting;
mod look;
mod open;
mod reload;
mod showing;
mod waits;

/// Rounds of work before the executor gets its turn, so that a fast source and a fast Courier starve nobody.
const ROUNDS_PER_POLL: usize = 64;

/// Records taken in each round: what needs no window, being skipped, would never give anybody else a turn.
const RECORDS_PER_ROUND: usize = 64;

/// As good as never, and still a moment the clock can name.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

pub(super) struct Driver<S: Transport> {
    settings: Settings,
    /// The fingerprint of the rules in the settings
    rules: u32,
    shared: Shared,
    reload: Reload,
    window: Window,
    batch: Gather<(Box<Cargo>, Vec<Step>)>,
    lanes: Lanes<Box<Cargo>>,
    /// A record of several events, of which some have not been taken in.
    open: Option<Box<OpenRecord>>,
    /// Lanes of events that went back to their source while a record was open: what is left of it is behind them.
    left_behind: HashSet<Lane>,
    stacks: [Stacked<S>; Class::ALL.len()],
    in_flight: FuturesUnordered<InFlight<StackFuture<S>>>,
    letters: Letters,
    told: ends::Told,
    timer: Pin<Box<Sleep>>,
    deadlines: Deadlines,
    alarm: Pin<Box<Sleep>>,
    /// Goes off when a head of a lane may have kept others waiting for too long.
    patience: Pin<Box<Sleep>>,
    epoch: Instant,
    /// The time since then, as it was when this round began
    moment: Duration,
    look: Look,
    input_has_ended: bool,
    journal: Option<Journal>,
    tap: Option<Tap>,
}

type StackFuture<S> = <Stack<S> as Service<Work>>::Future;

struct Stacked<S> {
    service: Stack<S>,
    /// Whether it stands in a queue for admission.
    is_waiting: bool,
}

impl<S: Transport> Driver<S> {
    pub(super) fn new(
        settings: Settings,
        transport: &S,
        dead_letters: Arc<dyn DeadLetters>,
        shared: Shared,
        questions: Questions,
        reload: Reload,
    ) -> Self {
        let gauges = Gauges::new(shared.tally.component(), &settings.buffer);
        let stacks = Class::ALL.map(|class| Stacked {
            service: stack(class, &shared, transport.clone()),
            is_waiting: false,
        });
        let epoch = Instant::now();
        Self {
            window: Window::new(settings.buffer),
            batch: Gather::new(settings.batch.clone()),
            lanes: Lanes::new(settings.order.max_wait),
            open: None,
            left_behind: HashSet::new(),
            stacks,
            in_flight: FuturesUnordered::new(),
            letters: Letters::new(dead_letters, Arc::clone(&shared.tally)),
            told: ends::Told::default(),
            timer: Box::pin(tokio::time::sleep_until(epoch)),
            deadlines: Deadlines::default(),
            alarm: Box::pin(tokio::time::sleep_until(epoch)),
            patience: Box::pin(tokio::time::sleep_until(epoch)),
            epoch,
            moment: Duration::ZERO,
            look: Look::new(gauges, questions),
            input_has_ended: false,
            journal: None,
            tap: None,
            rules: settings.rules.fingerprint(),
            settings,
            shared,
            reload,
        }
    }

    pub(super) fn with_journal(self, journal: Option<Journal>) -> Self {
        Self { journal, ..self }
    }

    pub(super) fn with_tap(self, tap: Option<Tap>) -> Self {
        Self { tap, ..self }
    }

    pub(super) async fn run(mut self, input: impl Stream<Item = Record> + Send) {
        let mut input = pin!(input);
        poll_fn(|cx| self.poll(cx, input.as_mut())).await;
    }

    // Correctness: every round polls all that can make progress until nothing does, so each of them has our waker:
    // requests, letters, the input if there is room for it, the stacks of classes with work, the timer of an open
    // batch, the alarm for the next event that becomes too old, and the timer for the heads of lanes; whoever brings other
    // settings has it as well. Dropped at any await, every finalizer inside is dropped and says `Errored`.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        input: Pin<&mut impl Stream<Item = Record>>,
    ) -> Poll<()> {
        let polled = self.poll_work(cx, input);
        self.look(cx);
        polled
    }

    fn poll_work(
        &mut self,
        cx: &mut Context<'_>,
        mut input: Pin<&mut impl Stream<Item = Record>>,
    ) -> Poll<()> {
        self.poll_reload(cx);
        for _ in 0..ROUNDS_PER_POLL {
            self.moment = self.now();
            self.lanes.tell_time(self.shared.gate.counted());
            self.lanes.tell_moment(self.moment);
            let mut progress = self.poll_ends(cx);
            progress |= self.poll_input(cx, input.as_mut());
            progress |= self.poll_batch(cx);
            progress |= self.poll_deadlines(cx);
            progress |= self.poll_stacks(cx);
            progress |= self.poll_waits(cx);
            if !progress {
                let is_done = self.lanes.is_empty() && self.letters.is_empty();
                let is_idle = self.has_no_more() && self.batch.is_empty() && is_done;
                return if is_idle { Poll::Ready(()) } else { Poll::Pending };
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Requests that were answered and letters that were kept.
    fn poll_ends(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        while let Poll::Ready(Some(landed)) = self.in_flight.poll_next_unpin(cx) {
            self.land(landed);
            progress = true;
        }
        while let Poll::Ready(room) = self.letters.poll_settled(cx, self.moment) {
            self.leave(room);
            progress = true;
        }
        progress
    }

    fn poll_input(
        &mut self,
        cx: &mut Context<'_>,
        mut input: Pin<&mut impl Stream<Item = Record>>,
    ) -> bool {
        let mut progress = false;
        for _ in 0..RECORDS_PER_ROUND {
            if !self.window.has_room() {
                break;
            }
            if let Some(record) = self.open.take() {
                self.take_open(record);
                progress = true;
                continue;
            }
            if self.input_has_ended {
                break;
            }
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(record)) => self.take_in(record),
                Poll::Ready(None) => self.input_has_ended = true,
                Poll::Pending => break,
            }
            progress = true;
        }
        progress
    }

    /// Closes the batch when a limit says so, or when nothing more can come into it.
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(closes_at) = self.batch.closes_at() else {
            return false;
        };
        let nothing_comes = self.has_no_more() || !self.window.has_room();
        if !nothing_comes && !self.batch.is_due(self.now()) {
            self.timer.as_mut().reset(self.epoch + closes_at.min(FAR));
            if self.timer.poll_unpin(cx).is_pending() {
                return false;
            }
        }
        self.close_batch();
        true
    }

    fn close_batch(&mut self) {
        for (cargo, steps) in self.batch.close() {
            enter(&mut self.lanes, &mut self.deadlines, cargo, steps);
        }
    }

    /// Sends steps whose turn it is, as fast as their classes are let.
    fn poll_stacks(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        for (class, stack) in Class::ALL.into_iter().zip(&mut self.stacks) {
            while self.lanes.has_ready(class) {
                // A stack's readiness cannot fail: it keeps trouble for the call.
                for_first_tries(&mut stack.service);
                stack.is_waiting = stack.service.poll_ready(cx).is_pending();
                if stack.is_waiting {
                    break;
                }
                let Some((parcel, action, seed)) = self.lanes.take(class) else {
                    break;
                };
                let endpoint = action.endpoint();
                let generation = self.lanes.cargo_mut(parcel.first).map(|cargo| cargo.generation());
                let generation = generation.unwrap_or_default();
                let expiry = expiry(&self.deadlines, &mut self.lanes, &parcel, generation);
                let key_expires = key_expires(&self.shared, &action, expiry.as_deref());
                let trail = trail(self.journal.as_ref(), &mut self.lanes, &parcel, self.epoch);
                let work = Work { action, seed, generation, key_expires, expiry, trail };
                let future = stack.service.call(work);
                self.shared.tally.merged(parcel.riders.len());
                self.in_flight.push(InFlight::new(parcel, endpoint, future));
                progress = true;
            }
            if stack.is_waiting && !self.lanes.has_ready(class) {
                // Its work was given up: it must not sit on a turn or a permit. A clone stands in no queue.
                stack.service = stack.service.clone();
                stack.is_waiting = false;
            }
        }
        progress
    }

    const fn has_no_more(&self) -> bool {
        self.input_has_ended && self.open.is_none()
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
}
