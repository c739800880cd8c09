//! The end that a status foretells against the one that comes, over the emulated Courier and on a paused clock.

use std::sync::Arc;

use axum::body::Body;
use futures::{StreamExt, stream};
use http::HeaderValue;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use super::*;
use crate::clock::Clock;
use crate::config::CourierConfig;
use crate::config::emulator::Faults;
use crate::delivery::{Call, Failure, FailureKind, Outcome, Receipt};
use crate::emulator::{Courier, Settings};
use crate::runner::source::Progress;
use crate::sink::{Context, CourierSink, LogOnly, Record, Transport};
use crate::transport::{BaseUrl, encode};

const EVENTS: usize = 2000;

/// Asks `courier` without a socket.
fn transport(courier: &Courier) -> impl Transport + use<> {
    let router = courier.router();
    let base = BaseUrl::new("http://127.0.0.1").unwrap();
    tower::service_fn(move |call: Call| {
        let request = encode(&call, &base, HeaderValue::from_static("Bearer pk_test"));
        let router = router.clone();
        async move {
            let response = router.oneshot(request?.map(Body::new)).await.unwrap();
            let status = response.status().as_u16();
            if response.status().is_success() {
                return Ok(Receipt { status, outcome: Outcome::Accepted, body: "{}".into() });
            }
            Err(Failure::without_answer(FailureKind::Unavailable, status.to_string()))
        }
    })
}

/// When `EVENTS` of as many users are done, and when that was foretold to be after two minutes, one of them of a steady pace.
async fn ends(sink: &str, faults: &str) -> (f64, f64) {
    let courier = Courier::new(Settings::default());
    courier.set_faults(Faults::parse(faults).unwrap());
    let block =
        format!("api_key = 'pk_test'\nbuffer.max_events = 100\nbatch.timeout_secs = 0.1\n{sink}");
    let settings = CourierConfig::from_toml("courier", &block, &|_| None).unwrap().settings;
    let context = Context {
        dead_letters: Arc::new(LogOnly),
        tally: Arc::default(),
        seed: 7,
        clock: Clock::system(),
    };
    let sink = CourierSink::new(settings, transport(&courier), context);
    // A file that was looked through, and is given no faster than the sink takes it.
    let progress = Progress::default();
    progress.find(EVENTS);
    let identify = |user| {
        let event =
            format!("{{\"type\":\"identify\",\"userId\":\"u{user}\",\"messageId\":\"{user}\"}}");
        Record::new(event, u128::try_from(user).unwrap())
    };
    let (inspector, start) = (sink.inspector(), Instant::now());
    let run = async {
        let records = stream::iter((0..EVENTS).map(identify));
        sink.run_on(records.inspect(|_| progress.give())).await;
        start.elapsed().as_secs_f64()
    };
    let ask = async {
        sleep(Duration::from_secs(120)).await;
        let now = inspector.look().await.unwrap();
        let status = SinkStatus::new(&now, None, progress.unread(), None);
        assert!(status.backlog.inside > 0 && status.backlog.unread > 0, "{:?}", status.backlog);
        start.elapsed().as_secs_f64() + status.drain_seconds.unwrap()
    };
    tokio::join!(run, ask)
}

#[tokio::test(start_paused = true)]
async fn the_end_is_foretold_within_a_tenth_at_the_agreed_rate_at_couriers_and_while_it_fails() {
    for (what, sink, faults) in [
        ("a rate", "request.rate_limit_num = 10", ""),
        ("what Courier takes", "request.concurrency = 3", "latency.mean_secs = 0.3"),
        (
            "a rate that retries are a part of",
            "request = { rate_limit_num = 10, retry_initial_backoff_secs = 1 }",
            "seed = 1\nerror_503.probability = 0.3",
        ),
    ] {
        let (ended, foretold) = ends(sink, faults).await;
        assert!(ended > 180.0, "{what}: it was over after {ended} s");
        assert!((foretold / ended - 1.0).abs() < 0.1, "{what}: {foretold} foretold, was {ended}");
    }
}
