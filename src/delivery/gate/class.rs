//! One class of endpoints: its pause, its pace, and who waits for it.

use std::time::Duration;

use super::Turn;
use super::stopwatch::{Rest, Stopwatch};
use crate::delivery::adaptive_rate::RateController;
use crate::delivery::bucket::Bucket;
use crate::delivery::{AdaptiveRate, Rate, Settings, Signal};

/// Where first tries and retries both wait, this many first tries go before a retry may: a retry is at most every fifth
/// attempt.
const FIRST_TRIES_BEFORE_RETRY: u32 = 4;

/// After this many first tries the retry that waits must be next: at least every tenth attempt.
const MOST_FIRST_TRIES: u32 = 9;

#[derive(Debug)]
pub(super) struct ClassState {
    pub(super) pause: Pause,
    stopwatch: Stopwatch,
    bucket: Option<Bucket>,
    adaptive: Option<(RateController, Bucket)>,
    /// What the adaptive rate stays within
    bounds: Option<AdaptiveRate>,
    waiting: [u32; 2],
    /// The number of the last probe of each kind.
    probed: [u64; 2],
    first_tries: u32,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pause {
    pub(super) until: Duration,
    /// Throttled answers in a row: each makes the next pause longer when the server names none.
    pub(super) streak: usize,
    /// How many attempts had been admitted when it began.
    pub(super) since: u64,
}

impl ClassState {
    pub(super) fn new(settings: &Settings, rate: Option<Rate>) -> Self {
        let adaptive = settings.adaptive_rate.as_ref().map(RateController::new);
        Self {
            pause: Pause::default(),
            stopwatch: Stopwatch::default(),
            bucket: rate.map(Bucket::new),
            adaptive: adaptive.map(|controller| {
                let bucket = Bucket::new(controller.rate());
                (controller, bucket)
            }),
            bounds: settings.adaptive_rate,
            waiting: [0; 2],
            probed: [0; 2],
            first_tries: FIRST_TRIES_BEFORE_RETRY,
        }
    }

    /// Goes on with other settings. What was found out about an adaptive rate counts as long as its bounds are the same.
    pub(super) fn set(&mut self, settings: &Settings, rate: Option<Rate>, now: Duration) {
        Bucket::exchange(&mut self.bucket, rate, now);
        if self.bounds != settings.adaptive_rate {
            let (_, mut bucket) = self.adaptive.take().unzip();
            let controller = settings.adaptive_rate.as_ref().map(RateController::new);
            Bucket::exchange(&mut bucket, controller.as_ref().map(RateController::rate), now);
            (self.adaptive, self.bounds) = (controller.zip(bucket), settings.adaptive_rate);
        }
    }

    /// When the class may go, if not now.
    pub(super) fn quiet_until(&self, now: Duration) -> Option<Duration> {
        let adaptive = self.adaptive.as_ref().and_then(|(_, bucket)| bucket.ready_at(now));
        let fixed = self.bucket.as_ref().and_then(|bucket| bucket.ready_at(now));
        let pause = Some(self.pause.until).filter(|until| *until > now);
        pause.max(fixed).max(adaptive)
    }

    /// Whether Courier has asked it to be quiet.
    pub(super) fn is_paused(&self, now: Duration) -> bool {
        self.pause.until > now
    }

    /// How long it has been neither paused nor held.
    pub(super) fn counted(&self, is_held: bool, now: Duration) -> Duration {
        self.stopwatch.read(self.rest(is_held), now)
    }

    /// When that will be `counted`; `None` under a hold.
    pub(super) fn counts_to(&self, is_held: bool, counted: Duration) -> Option<Duration> {
        self.stopwatch.shows_at(self.rest(is_held), counted)
    }

    /// Its pause or the hold is about to change.
    pub(super) fn mark(&mut self, is_held: bool, now: Duration) {
        self.stopwatch.mark(self.rest(is_held), now);
    }

    const fn rest(&self, is_held: bool) -> Rest {
        Rest { is_held, paused_until: self.pause.until }
    }

    /// Whether it is the other kind's turn.
    pub(super) fn must_yield(&self, turn: Turn) -> bool {
        let [first, retry] = self.waiting;
        match turn {
            Turn::First => retry > 0 && self.first_tries >= MOST_FIRST_TRIES,
            Turn::Retry => first > 0 && self.first_tries < FIRST_TRIES_BEFORE_RETRY,
        }
    }

    /// Spends what an attempt costs here; to be asked only when the class may go.
    pub(super) fn spend(&mut self, turn: Turn, now: Duration) {
        for bucket in self.bucket.iter_mut().chain(self.adaptive.iter_mut().map(|(_, it)| it)) {
            // There is a token: that was asked under the same lock.
            let _ = bucket.take(now);
        }
        if let Some((controller, bucket)) = &mut self.adaptive
            && controller.admitted(now)
        {
            bucket.set(controller.rate(), now);
        }
        self.first_tries = match turn {
            Turn::First => self.first_tries.saturating_add(1),
            Turn::Retry => 0,
        };
    }

    /// Learns from an attempt that was answered after `rtt`.
    pub(super) fn ended(&mut self, now: Duration, rtt: Duration, signal: Signal) {
        if let Some((controller, bucket)) = &mut self.adaptive
            && controller.ended(now, rtt, signal)
        {
            bucket.set(controller.rate(), now);
        }
    }

    /// The number of the last probe of one kind, which was `number`.
    pub(super) const fn probe(&mut self, turn: Turn, number: u64) {
        let [first, retry] = &mut self.probed;
        *match turn {
            Turn::First => first,
            Turn::Retry => retry,
        } = number;
    }

    pub(super) const fn probed(&self, turn: Turn) -> u64 {
        let [first, retry] = self.probed;
        match turn {
            Turn::First => first,
            Turn::Retry => retry,
        }
    }

    /// The longest ago that one of those that wait was the probe.
    pub(super) fn least_probed(&self) -> Option<u64> {
        let waiting = self.waiting.iter().zip(self.probed);
        waiting.filter(|(waiting, _)| **waiting > 0).map(|(_, probed)| probed).min()
    }

    pub(super) const fn is_awaited(&self) -> bool {
        let [first, retry] = self.waiting;
        first > 0 || retry > 0
    }

    pub(super) fn waiting_mut(&mut self, turn: Turn) -> &mut u32 {
        let [first, retry] = &mut self.waiting;
        match turn {
            Turn::First => first,
            Turn::Retry => retry,
        }
    }
}
