//! A client with endless work, one permit and one token an attempt, as the gate has it, and the queue of what ends when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use courier_sink::delivery::{Concurrency, ConcurrencyController, RateController, Signal};

use super::report::Trace;
use super::servers::{Fate, Server, Throttled};

/// What a client is, and for how long it runs.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) concurrency: Concurrency,
    pub(crate) rate: Option<RateController>,
    pub(crate) seed: u64,
    pub(crate) length: Duration,
}

#[derive(Debug)]
struct Attempt {
    started: Duration,
    fate: Fate,
    /// Which of the servers has it
    server: usize,
}

/// Runs the client against a server, and from a moment on against another one.
pub(crate) fn run(mut client: Client, mut servers: Vec<(Duration, Server)>) -> Trace {
    let mut chance = fastrand::Rng::with_seed(client.seed);
    let mut limiter = ConcurrencyController::new(client.concurrency);
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut ends = BinaryHeap::new();
    let mut busy = vec![0usize; servers.len()];
    let (mut now, mut ready_at) = (Duration::ZERO, Duration::ZERO);
    let (mut pause_until, mut streak, mut under_way) = (Duration::ZERO, 0u32, 0usize);
    let changed_at = servers.last().unwrap().0;
    let mut trace = Trace::new(client.length, changed_at);
    loop {
        while under_way < limiter.limit() && now >= pause_until && now >= ready_at {
            if let Some(rate) = &mut client.rate {
                let pace = rate.rate();
                let burst = pace.per * (pace.burst.get() - 1);
                ready_at = (ready_at + burst).max(now) + pace.per - burst;
                rate.admitted(now);
            }
            limiter.started(now);
            under_way += 1;
            let server = servers.iter().rposition(|(from, _)| now >= *from).unwrap();
            let fate = servers[server].1.arrive(now, busy[server], &mut chance);
            busy[server] += usize::from(fate.occupies);
            ends.push(Reverse((now + fate.after, attempts.len())));
            attempts.push(Attempt { started: now, fate, server });
        }
        let next_start = (under_way < limiter.limit()).then(|| pause_until.max(ready_at));
        let next_end = ends.peek().map(|Reverse((at, _))| *at);
        now = next_start.into_iter().chain(next_end).min().unwrap();
        if now >= client.length {
            return trace;
        }
        while let Some(Reverse((at, _))) = ends.peek()
            && *at <= now
        {
            let Reverse((_, number)) = ends.pop().unwrap();
            let Attempt { started, fate, server } = attempts[number];
            under_way -= 1;
            busy[server] -= usize::from(fate.occupies);
            let wait = match fate.throttled {
                Throttled::No => None,
                Throttled::For(wait) => Some(wait),
                Throttled::WithoutWait => Some(Duration::from_secs((1 << streak.min(5)).min(30))),
            };
            if let Some(wait) = wait {
                pause_until = pause_until.max(now + wait);
                streak += 1;
            } else if fate.signal == Signal::Success {
                streak = 0;
            }
            let rtt = now - started;
            limiter.ended(now, rtt, fate.signal);
            let value = match &mut client.rate {
                Some(rate) => {
                    rate.ended(now, rtt, fate.signal);
                    rate.per_second()
                }
                None => f64::from(u32::try_from(limiter.limit()).unwrap()),
            };
            trace.ended(now, value, fate.signal);
        }
    }
}
