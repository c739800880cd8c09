//! Which rate is found.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::LazyLock;
use std::time::Duration;

use courier_sink::delivery::{AdaptiveRate, Concurrency, PerSecond, RateController};

use super::client::{Client, run};
use super::report::{Bounds, Measured};
use super::servers::Server;

/// One server, and the bounds within which the outcome is good.
struct Case {
    name: &'static str,
    limit: &'static str,
    servers: fn() -> Vec<(Duration, Server)>,
    length: u64,
    ceiling: f64,
    bounds: Bounds,
}

fn only(server: Server) -> Vec<(Duration, Server)> {
    vec![(Duration::ZERO, server)]
}

fn then(first: Server, second: Server) -> Vec<(Duration, Server)> {
    vec![(Duration::ZERO, first), (Duration::from_secs(300), second)]
}

const MINUTE: NonZeroU64 = NonZeroU64::new(60).unwrap();

const CASES: &[Case] = &[
    Case {
        name: "100/s, burst 20, names no wait",
        limit: "100/s",
        servers: || only(Server::bucket(100.0, 20.0, false)),
        length: 600,
        ceiling: 10_000.0,
        bounds: Bounds(80.0..=105.0, 30.0, 80.0, 0.01),
    },
    Case {
        name: "100/s, burst 100, `Retry-After: 1`",
        limit: "100/s",
        servers: || only(Server::bucket(100.0, 100.0, true)),
        length: 600,
        ceiling: 10_000.0,
        bounds: Bounds(80.0..=105.0, 30.0, 80.0, 0.01),
    },
    Case {
        name: "100/s, burst 5, `Retry-After: 1`",
        limit: "100/s",
        servers: || only(Server::bucket(100.0, 5.0, true)),
        length: 600,
        ceiling: 10_000.0,
        bounds: Bounds(80.0..=100.0, 40.0, 80.0, 0.01),
    },
    Case {
        name: "1000/s, burst 1000, `Retry-After: 1`",
        limit: "1000/s",
        servers: || only(Server::bucket(1000.0, 1000.0, true)),
        length: 300,
        ceiling: 10_000.0,
        bounds: Bounds(900.0..=1050.0, 25.0, 920.0, 0.01),
    },
    Case {
        name: "2/s, burst 2, names no wait",
        limit: "2/s",
        servers: || only(Server::bucket(2.0, 2.0, false)),
        length: 3600,
        ceiling: 10_000.0,
        bounds: Bounds(1.6..=2.0, 60.0, 1.6, 0.01),
    },
    Case {
        name: "20 in each minute, `Retry-After` to its end",
        limit: "0.33/s",
        servers: || only(Server::windows(20, MINUTE)),
        length: 14400,
        ceiling: 10_000.0,
        bounds: Bounds(0.25..=0.34, 600.0, 0.26, 0.01),
    },
    Case {
        name: "1000 in each minute, `Retry-After` to its end",
        limit: "16.7/s",
        servers: || only(Server::windows(1000, MINUTE)),
        length: 3600,
        ceiling: 10_000.0,
        bounds: Bounds(13.0..=16.7, 1500.0, 13.0, 0.01),
    },
    Case {
        name: "100/s, jittery: 50 ms and an exponential 200 ms",
        limit: "100/s",
        servers: || only(jittery()),
        length: 600,
        ceiling: 10_000.0,
        bounds: Bounds(88.0..=105.0, 15.0, 88.0, 0.01),
    },
    Case {
        name: "falls half-way from 100/s to 20/s",
        limit: "20/s",
        servers: || then(Server::bucket(100.0, 100.0, true), Server::bucket(20.0, 20.0, true)),
        length: 600,
        ceiling: 10_000.0,
        bounds: Bounds(16.0..=21.0, 15.0, 16.0, 0.01),
    },
    Case {
        name: "rises half-way from 30/s to 200/s",
        limit: "200/s",
        servers: || then(Server::bucket(30.0, 30.0, true), Server::bucket(200.0, 200.0, true)),
        length: 600,
        ceiling: 10_000.0,
        bounds: Bounds(170.0..=210.0, 90.0, 175.0, 0.01),
    },
    Case {
        name: "none: 100 ms, however many ask",
        limit: "500/s (the ceiling)",
        servers: || only(unlimited()),
        length: 120,
        ceiling: 500.0,
        bounds: Bounds(500.0..=500.0, 8.0, 495.0, 0.0),
    },
];

fn jittery() -> Server {
    let mut server = Server::bucket(100.0, 100.0, true);
    server.take(Duration::from_millis(50), Duration::from_millis(200));
    server
}

fn unlimited() -> Server {
    Server::Latency { base: Duration::from_millis(100), jitter: Duration::ZERO }
}

fn measure(case: &Case) -> Measured {
    let settings =
        AdaptiveRate { ceiling: PerSecond::new(case.ceiling).unwrap(), ..AdaptiveRate::default() };
    let client = client(&settings, Duration::from_secs(case.length));
    run(client, (case.servers)()).measure()
}

fn client(settings: &AdaptiveRate, length: Duration) -> Client {
    Client {
        // More than any rate here fills: what is tried is the pace.
        concurrency: Concurrency::Fixed(NonZeroUsize::new(5000).unwrap()),
        rate: Some(RateController::new(settings)),
        seed: 7,
        length,
    }
}

/// The table's lines, and whether each is as it should be: measured once for all who ask.
pub(crate) static LINES: LazyLock<Vec<(String, bool)>> = LazyLock::new(|| {
    let line = |case: &Case| {
        let measured = measure(case);
        (measured.line(case.name, case.limit), case.bounds.hold(&measured))
    };
    CASES.iter().map(line).collect()
});

#[test]
fn each_limit_is_found_and_kept_just_below() {
    let mut wrong = Vec::new();
    for (line, is_good) in LINES.iter() {
        println!("{line}");
        wrong.extend((!is_good).then_some(line.as_str()));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn limits_of_every_size_and_depth_are_used_well_and_seldom_exceeded() {
    for per_second in [0.5, 3.0, 10.0, 40.0, 300.0, 1500.0] {
        for depth in [0.05, 1.0, 5.0] {
            for (time, more) in [(20, 0), (500, 0), (50, 300)] {
                let mut server =
                    Server::bucket(per_second, f64::max(depth * per_second, 1.0), true);
                server.take(Duration::from_millis(time), Duration::from_millis(more));
                let length = Duration::from_secs_f64(f64::max(180.0, 6000.0 / per_second));
                let client = client(&AdaptiveRate::default(), length);
                let measured = run(client, only(server)).measure();
                let used = measured.through / per_second;
                assert!(
                    used > 0.75 && measured.refused < 0.02,
                    "{per_second}/s, {depth} s deep, {time} ms and {more} ms: {measured:?}"
                );
            }
        }
    }
}
