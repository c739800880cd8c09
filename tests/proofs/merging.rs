//! The slower Courier lets us go, the fewer requests each event needs: what waits is merged.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::clock::Clock;
use courier_sink::config::CourierConfig;
use courier_sink::delivery::{Answer, Call, Failure, FailureKind, Outcome, Receipt};
use courier_sink::sink::{Context, CourierSink, LogOnly, Record, Transport};
use courier_sink::telemetry::{Tally, Totals};
use futures::{Stream, StreamExt, stream};
use tokio::time::Instant;

use super::document::check;

/// Events offered for each request that Courier lets through.
const OVERLOADS: [u64; 3] = [1, 2, 10];

/// Requests a second that Courier lets through, in any second up to a twentieth more.
const LIMIT: u64 = 50;
const MOST: usize = 52;

/// Users, and seconds for which events are offered.
const USERS: u64 = 500;
const SECONDS: u64 = 30;

const CONFIG: &str = "
api_key = 'pk_test'
unmapped = 'skip'
tenant_write = 'skip'
buffer.max_events = 5000
request.concurrency = 20
request.rate_limit_num = 50
[[automations]]
on = 'track'
template = 'thanks'
";

#[derive(Debug)]
struct Measured {
    overload: u64,
    events: u64,
    requests: u64,
    /// From the first event's offer to the last one's end
    took: Duration,
}

impl Measured {
    /// The line of the table.
    fn line(&self) -> String {
        let Self { overload, events, requests, took } = self;
        let float = |count: u64| f64::from(u32::try_from(count).unwrap());
        let (events, requests) = (float(*events), float(*requests));
        let each = requests / events;
        let saved = 100.0 * (1.0 - each);
        let pace = events / took.as_secs_f64();
        format!("| {overload}× | {events} | {each:.2} | {saved:.0} % | {pace:.0} |")
    }
}

/// Offers `overload` events for each request that Courier lets through, and counts requests.
async fn measure(overload: u64) -> Measured {
    let settings = CourierConfig::from_toml("test", CONFIG, &|_| None).unwrap().settings;
    let tally = Arc::new(Tally::default());
    let context = Context {
        dead_letters: Arc::new(LogOnly),
        tally: Arc::clone(&tally),
        seed: 1,
        clock: Clock::system(),
    };
    let start = Instant::now();
    let events = LIMIT * overload * SECONDS;
    let input = offered(events, LIMIT * overload, start);
    let sink = CourierSink::new(settings, limited(), context);
    Box::pin(sink.run_on(input)).await;
    let Totals { delivered, requests, retries, .. } = tally.totals();
    assert_eq!((delivered, retries), (events, 0), "everything is delivered and nothing refused");
    Measured { overload, events, requests: requests.values().sum(), took: start.elapsed() }
}

/// Eight profile updates, one membership and one track in ten, each event at its time.
fn offered(count: u64, per_second: u64, start: Instant) -> impl Stream<Item = Record> + Send {
    let mut chance = fastrand::Rng::with_seed(7);
    stream::iter(0..count).then(move |number| {
        let due = start + Duration::from_micros(number * 1_000_000 / per_second);
        let text = event(&mut chance, number);
        async move {
            tokio::time::sleep_until(due).await;
            Record::new(text, number.into())
        }
    })
}

fn event(chance: &mut fastrand::Rng, number: u64) -> String {
    let user = chance.u64(..USERS);
    let rest = match chance.u8(..10) {
        0..8 => {
            let (plan, visits) = (["free", "team", "scale"][chance.usize(..3)], chance.u16(..));
            format!(r#""type":"identify","traits":{{"plan":"{plan}","visits":{visits}}}"#)
        }
        8 => format!(r#""type":"group","groupId":"t{}""#, user % 5),
        _ => r#""type":"track","event":"Order Completed","properties":{"total":5}"#.to_owned(),
    };
    format!(r#"{{"messageId":"m{number}","userId":"u{user}",{rest}}}"#)
}

/// A Courier that answers in 50 ms, and 429 to whatever is too much within a second.
fn limited() -> impl Transport {
    let lately = Arc::new(Mutex::new(VecDeque::new()));
    tower::service_fn(move |_: Call| {
        let now = Instant::now();
        let mut lately = lately.lock().unwrap();
        while lately.front().is_some_and(|at| *at + Duration::from_secs(1) <= now) {
            lately.pop_front();
        }
        let is_let = lately.len() < MOST;
        if is_let {
            lately.push_back(now);
        }
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if is_let {
                return Ok(Receipt { status: 200, outcome: Outcome::Accepted, body: Bytes::new() });
            }
            let failure = Failure::without_answer(FailureKind::Throttled, "too many");
            let answer = Answer { status: 429, excerpt: String::new(), stored: true };
            Err(Failure { answer: Some(answer), ..failure })
        }
    })
}

#[tokio::test(start_paused = true)]
async fn the_slower_courier_lets_us_go_the_fewer_requests_each_event_needs() {
    let mut runs = Vec::new();
    for overload in OVERLOADS {
        runs.push(measure(overload).await);
    }
    let each = |run: &Measured| run.requests * 1_000 / run.events;
    assert!(runs.is_sorted_by(|less, more| each(less) > each(more)), "{runs:?}");
    assert!(each(&runs[2]) < 500, "at ten times the load less than half: {runs:?}");
    check("merging", &runs.iter().map(Measured::line).collect::<Vec<_>>());
}
