//! The servers: how long each takes over an attempt and what it answers, given what else it is doing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU64;
use std::time::Duration;

use courier_sink::delivery::Signal;

use super::chance::exponential;

/// How soon a server says no.
const REFUSAL: Duration = Duration::from_millis(5);

/// A kind of server.
#[derive(Debug)]
pub(crate) enum Server {
    /// Takes `base`, and an exponential time of mean `jitter` on top, however many ask
    Latency { base: Duration, jitter: Duration },
    /// As quick as `base` up to `knee` attempts at once, then ever slower: twice the knee, four times the latency
    Knee { base: Duration, knee: usize },
    /// 503 for each attempt above `limit` at once
    Refuses { base: Duration, limit: usize },
    /// A pool of workers with a queue before it; serving takes an exponential time
    Defers { mean: Duration, workers: BinaryHeap<Reverse<Duration>> },
    /// No answer to attempts above `limit` at once, until the client gives up after `timeout`
    Drops { base: Duration, limit: usize, timeout: Duration },
    /// A token bucket: 429 when it is empty
    Bucket {
        base: Duration,
        jitter: Duration,
        per_second: f64,
        depth: f64,
        tokens: f64,
        at: Duration,
        names_wait: bool,
    },
    /// So many in each window of a clock, then 429 until the next, with `Retry-After`
    Windows { base: Duration, limit: u32, window_secs: NonZeroU64, number: u64, taken: u32 },
}

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    pub(crate) after: Duration,
    pub(crate) signal: Signal,
    pub(crate) throttled: Throttled,
    /// Whether the server works on it meanwhile
    pub(crate) occupies: bool,
}

/// Whether the answer is a 429, and how long it asks to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Throttled {
    No,
    WithoutWait,
    For(Duration),
}

impl Fate {
    fn success(after: Duration) -> Self {
        Self { after, signal: Signal::Success, throttled: Throttled::No, occupies: true }
    }

    fn refusal(after: Duration) -> Self {
        Self { after, signal: Signal::BackPressure, throttled: Throttled::No, occupies: false }
    }
}

impl Server {
    pub(crate) fn defers(workers: usize, mean: Duration) -> Self {
        Self::Defers { mean, workers: (0..workers).map(|_| Reverse(Duration::ZERO)).collect() }
    }

    pub(crate) fn bucket(per_second: f64, depth: f64, names_wait: bool) -> Self {
        Self::Bucket {
            base: Duration::from_millis(100),
            jitter: Duration::ZERO,
            per_second,
            depth,
            tokens: depth,
            at: Duration::ZERO,
            names_wait,
        }
    }

    pub(crate) fn windows(limit: u32, window_secs: NonZeroU64) -> Self {
        Self::Windows { base: Duration::from_millis(100), limit, window_secs, number: 0, taken: 0 }
    }

    /// Makes a token bucket take so long over what it grants, and an exponential time on top.
    pub(crate) fn take(&mut self, time: Duration, more: Duration) {
        if let Self::Bucket { base, jitter, .. } = self {
            (*base, *jitter) = (time, more);
        }
    }

    /// Decides over an attempt that arrives now, while the server works on `busy` others.
    pub(crate) fn arrive(
        &mut self,
        now: Duration,
        busy: usize,
        chance: &mut fastrand::Rng,
    ) -> Fate {
        match self {
            Self::Latency { base, jitter } => {
                Fate::success(*base + jitter.mul_f64(exponential(chance)))
            }
            Self::Knee { base, knee } => {
                let load = (count(busy + 1) / count(*knee)).max(1.0);
                Fate::success(base.mul_f64(load * load))
            }
            Self::Refuses { limit, .. } if busy >= *limit => Fate::refusal(REFUSAL),
            Self::Defers { mean, workers } => {
                let Reverse(free) = workers.pop().unwrap();
                let done = free.max(now) + mean.mul_f64(exponential(chance));
                workers.push(Reverse(done));
                Fate::success(done - now)
            }
            Self::Drops { limit, timeout, .. } if busy >= *limit => Fate::refusal(*timeout),
            Self::Refuses { base, .. } | Self::Drops { base, .. } => Fate::success(*base),
            Self::Bucket { base, jitter, per_second, depth, tokens, at, names_wait } => {
                *tokens = (*tokens + (now - *at).as_secs_f64() * *per_second).min(*depth);
                *at = now;
                if *tokens >= 1.0 {
                    *tokens -= 1.0;
                    return Fate::success(*base + jitter.mul_f64(exponential(chance)));
                }
                Fate {
                    throttled: if *names_wait {
                        Throttled::For(Duration::from_secs(1))
                    } else {
                        Throttled::WithoutWait
                    },
                    ..Fate::refusal(REFUSAL)
                }
            }
            Self::Windows { base, limit, window_secs, number, taken } => {
                let current = now.as_secs() / window_secs.get();
                if current != *number {
                    (*number, *taken) = (current, 0);
                }
                if *taken < *limit {
                    *taken += 1;
                    return Fate::success(*base);
                }
                // As servers do: whole seconds.
                let left = window_secs.get() - now.as_secs() % window_secs.get();
                Fate {
                    throttled: Throttled::For(Duration::from_secs(left)),
                    ..Fate::refusal(REFUSAL)
                }
            }
        }
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}
