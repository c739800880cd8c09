//! The driver as an operator sees it: answers those who ask how it stands, and keeps its gauges up to date.

use std::task::{Context, Poll};
use std::time::Duration;

use super::Driver;
use crate::sink::Transport;
use crate::sink::gauges::Gauges;
use crate::sink::inspect::{Question, Questions, Snapshot, Upstream};
use crate::sink::lifetimes::{Life, Lifetimes, SAMPLE};
use crate::sink::pace::{Meter, Pace};
use crate::telemetry::{Constraint, number};

/// How often gauges are brought up to date while there is work: more often nobody reads them.
const EVERY: Duration = Duration::from_secs(1);

/// What looking needs.
pub(super) struct Look {
    pub(super) gauges: Gauges,
    questions: Questions,
    meter: Meter,
    /// Events that have left the window
    pub(super) left: u64,
    next: Duration,
    was_busy: bool,
    utilization: Utilization,
}

/// How much of the time there was work.
#[derive(Debug, Default)]
struct Utilization {
    since: Duration,
    seen: Duration,
    busy: Duration,
    share: f64,
}

impl Look {
    pub(super) fn new(gauges: Gauges, questions: Questions) -> Self {
        Self {
            gauges,
            questions,
            meter: Meter::default(),
            left: 0,
            next: Duration::ZERO,
            was_busy: false,
            utilization: Utilization::default(),
        }
    }
}

impl<S: Transport> Driver<S> {
    /// To be called whenever the driver has done what it can for now.
    // Correctness: woken by whoever asks. A question that nobody waits for any more is answered to nobody.
    pub(super) fn look(&mut self, cx: &mut Context<'_>) {
        let now = self.now();
        let is_busy = !self.window.is_empty();
        self.look.utilization.pass(now, self.look.was_busy);
        if is_busy && !self.look.was_busy {
            self.look.meter.note(now, self.look.left, self.shared.tally.ended());
        }
        let has_settled = self.look.was_busy && !is_busy;
        self.look.was_busy = is_busy;
        if has_settled || now >= self.look.next {
            self.look.next = now.saturating_add(EVERY);
            self.show(now, Upstream::default());
        }
        if !is_busy {
            self.look.meter.rest();
        }
        while let Poll::Ready(Some(question)) = self.look.questions.poll_recv(cx) {
            let Question { upstream, answer } = question;
            // Whoever asked may be gone.
            let _ = answer.send(self.show(now, upstream));
        }
    }

    /// Brings the gauges up to date, and gives what they show.
    fn show(&mut self, now: Duration, upstream: Upstream) -> Snapshot {
        if !self.window.is_empty() {
            self.look.meter.note(now, self.look.left, self.shared.tally.ended());
        }
        let snapshot = self.snapshot(now, upstream);
        let share = self.look.utilization.share(now);
        self.look.gauges.set(&snapshot, share);
        snapshot
    }

    fn snapshot(&mut self, now: Duration, upstream: Upstream) -> Snapshot {
        let lifetimes = self.lifetimes();
        let tally = &self.shared.tally;
        let gate = self.shared.gate.report();
        let (events, bytes) = self.window.size();
        let pace = self.look.meter.pace(now, self.look.left, tally.ended());
        let oldest = self.window.oldest().map(|since| now.saturating_sub(since));
        let lanes_waiting = self.lanes.waiting();
        let waits = gate.waits.iter().zip(crate::courier::Class::ALL);
        let waits =
            waits.filter_map(|(wait, class)| Some((self.lanes.count_ready(class), (*wait)?)));
        let under_way = usize::try_from(gate.in_flight).unwrap_or(usize::MAX);
        let constraint = if gate.held.is_some() {
            Constraint::Hold
        } else if let Some((_, wait)) = waits.max_by_key(|(count, _)| *count) {
            wait
        } else if self.in_flight.len() > under_way && under_way == 0 {
            Constraint::Retry
        } else if lanes_waiting > 0 {
            Constraint::Order
        } else if !self.window.has_room() {
            Constraint::Buffer
        } else if self.in_flight.is_empty() && !self.batch.is_empty() {
            Constraint::Batch
        } else {
            upstream.constraint
        };
        let expiring = match (gate.held, pace) {
            (Some(_), _) => Some(self.expiring(0.0)),
            (None, Some(Pace { delivered, .. })) => Some(self.expiring(delivered)),
            (None, None) => self.deadlines.next().is_none().then_some(0),
        };
        Snapshot {
            events,
            bytes,
            oldest_age: oldest.max(upstream.oldest_age),
            lanes: self.lanes.lanes(),
            lanes_waiting,
            constraint,
            gate,
            pace,
            expiring,
            lifetimes,
            totals: tally.totals(),
            taken_in: tally.taken_in(),
        }
    }

    /// How many events become too old before their turn, if they go in the order they came, so many a second.
    fn expiring(&self, pace: f64) -> usize {
        let now = tokio::time::Instant::now();
        let is_late = |(deadline, id): &(tokio::time::Instant, _)| {
            let ahead = number(self.lanes.count_ahead(*id));
            let turn = Duration::try_from_secs_f64((ahead + 1.0) / pace).ok();
            turn.and_then(|turn| now.checked_add(turn)).is_none_or(|turn| turn > *deadline)
        };
        self.deadlines.all().filter(is_late).count()
    }

    /// How long the events inside may wait, by a hundred of those that are past the batch.
    fn lifetimes(&mut self) -> Lifetimes {
        let Self { deadlines, lanes, .. } = self;
        let every = deadlines.count().div_ceil(SAMPLE).max(1);
        let some = deadlines.all().step_by(every);
        let lives = some.filter_map(|(deadline, id)| {
            let lifetime = lanes.cargo_mut(id)?.lifetime.as_deref()?;
            let left = || deadline.saturating_duration_since(tokio::time::Instant::now());
            Some(lifetime.age.map_or(Life::Inside(lifetime.limit), |_| Life::Since(left())))
        });
        let sample = lives.collect();
        let limited = number(deadlines.count()) / number(lanes.len().max(1));
        Lifetimes { limited, sample }
    }
}

impl Utilization {
    /// Until `now` there was work, or not.
    fn pass(&mut self, now: Duration, was_busy: bool) {
        if was_busy {
            self.busy = self.busy.saturating_add(now.saturating_sub(self.seen));
        }
        self.seen = now;
    }

    /// The share of the time since it was last asked, a second or more ago.
    fn share(&mut self, now: Duration) -> f64 {
        let time = now.saturating_sub(self.since);
        if time >= EVERY {
            self.share = self.busy.as_secs_f64() / time.as_secs_f64();
            (self.since, self.busy) = (now, Duration::ZERO);
        }
        self.share
    }
}
