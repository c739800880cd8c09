//! How Courier and the way to it misbehave in one run, and for how long.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use crate::reply::Wait;

/// Faults by lot until a moment, then none: a Courier that recovers.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    until: Duration,
    /// How likely each trouble is, in thousandths, in the order of [`TROUBLES`]
    odds: [u16; TROUBLES.len()],
    wrong_key: Vec<Range<Duration>>,
    /// Everything is answered by a proxy
    outage: Range<Duration>,
    /// Requests a second that are let in
    limit: Option<usize>,
    slowest: u64,
    /// Events with the status that refuses them: 400 for good, 403 until Courier allows it
    pub(crate) poison: Vec<(usize, u16)>,
    /// The journey of this event has conditions that do not hold
    pub(crate) filtered: usize,
}

/// What goes wrong with one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection breaks before Courier has the request.
    LostBefore,
    /// Courier does its work, and the connection breaks.
    LostAfter,
    /// 429 without a word about when
    Throttled,
    /// 429 with the wait asked for
    ThrottledFor(Wait),
    /// 502 of a proxy that did not let it through
    ProxyBefore,
    /// 502 of a proxy that did
    ProxyAfter,
    /// 408
    Slow408,
    /// 500 with `api_error`; nothing was done
    ApiErrorBefore,
    /// 500 with `api_error`; it was done all the same
    ApiErrorAfter,
    /// The request never arrives, and nobody says so.
    HangBefore,
    /// Courier works on it for longer than anybody waits.
    HangWithin,
    /// It is done, and the answer never comes.
    HangAfter,
    /// It is done, and the body of the answer is a page of somebody else's.
    Garbled,
}

const TROUBLES: [Trouble; 13] = [
    Trouble::LostBefore,
    Trouble::LostAfter,
    Trouble::Throttled,
    Trouble::ThrottledFor(Wait::Seconds(0)),
    Trouble::ProxyBefore,
    Trouble::ProxyAfter,
    Trouble::Slow408,
    Trouble::ApiErrorBefore,
    Trouble::ApiErrorAfter,
    Trouble::HangBefore,
    Trouble::HangWithin,
    Trouble::HangAfter,
    Trouble::Garbled,
];

fn span(chance: &mut Rng, within: u64) -> Range<Duration> {
    let start = chance.u64(..within);
    let length = chance.u64(..within / 2);
    Duration::from_millis(start)..Duration::from_millis(start + length)
}

impl Weather {
    pub(crate) fn draw(chance: &mut Rng, events: usize) -> Self {
        let until = chance.u64(1_000..120_000);
        // Many seeds have few kinds of trouble, so that each is also seen without the others.
        let breadth = chance.u8(1..14);
        let mut odds = [0; TROUBLES.len()];
        for odd in &mut odds {
            if chance.u8(..13) < breadth {
                *odd = chance.u16(..120);
            }
        }
        let keys = if chance.u8(..3) == 0 { chance.usize(1..3) } else { 0 };
        let wrong_key: Vec<_> = (0..keys).map(|_| span(chance, until)).collect();
        let outage = if chance.u8(..5) == 0 { span(chance, until) } else { Range::default() };
        let until = Duration::from_millis(until);
        let poisons = chance.usize(..3);
        let poison = (0..poisons).map(|_| (chance.usize(..events), [400, 403][chance.usize(..2)]));
        Self {
            until,
            odds,
            poison: poison.collect(),
            wrong_key,
            outage,
            limit: (chance.u8(..4) == 0).then(|| chance.usize(1..10)),
            slowest: [1, 20, 400, 1_500][chance.usize(..4)],
            filtered: chance.usize(..events),
        }
    }

    pub(crate) fn key_is_wrong(&self, now: Duration) -> bool {
        self.wrong_key.iter().any(|span| span.contains(&now))
    }

    /// What `marks` are refused with. With nothing else to do a sink waits out a 403 for as long as it lasts.
    pub(crate) fn refusal(&self, marks: &[usize], now: Duration) -> Option<u16> {
        let is_meant = |(event, status): &&(usize, u16)| {
            marks.contains(event) && (*status != 403 || now < self.until * 3)
        };
        self.poison.iter().find(is_meant).map(|(_, status)| *status)
    }

    pub(crate) fn is_outage(&self, now: Duration) -> bool {
        self.outage.contains(&now)
    }

    /// Whether `lately` requests in the last second are too many.
    pub(crate) fn is_too_many(&self, lately: usize, now: Duration) -> bool {
        now < self.until && self.limit.is_some_and(|limit| lately >= limit)
    }

    pub(crate) fn latency(&self, chance: &mut Rng) -> Duration {
        Duration::from_millis(chance.u64(..self.slowest))
    }

    pub(crate) fn trouble(&self, chance: &mut Rng, now: Duration) -> Option<Trouble> {
        let mut lot = chance.u16(..1_000);
        let wait = match chance.u8(..3) {
            0 => Wait::Milliseconds(chance.u64(..20_000)),
            1 => Wait::Seconds(chance.u64(..20)),
            _ => Wait::Date(now.as_secs() + chance.u64(..20)),
        };
        if now >= self.until {
            return None;
        }
        for (trouble, odd) in TROUBLES.into_iter().zip(self.odds) {
            if lot < odd {
                let is_timed = matches!(trouble, Trouble::ThrottledFor(_));
                return Some(if is_timed { Trouble::ThrottledFor(wait) } else { trouble });
            }
            lot -= odd;
        }
        None
    }
}
