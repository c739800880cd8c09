//! What is sent again is done once, wherever Courier's idempotency makes that possible.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use courier_sink::clock::Clock;
use courier_sink::config::CourierConfig;
use courier_sink::delivery::{Answer, Call, Failure, FailureKind};
use courier_sink::emulator::{Courier, Settings};
use courier_sink::sink::{Context, CourierSink, LogOnly, Record, Transport};
use courier_sink::telemetry::{Tally, Totals};
use futures::stream;
use tower::ServiceExt;

use crate::contract;

use super::emulated::transport;

const CONFIG: &str = "
api_key = 'pk_test'
[[automations]]
on = 'track/Order Completed'
template = 'thanks'
";

/// What happens to the first request, and to no other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Accident {
    ResetBefore,
    ResetAfter,
    ProxyAfter,
    None,
}

fn lost() -> Failure {
    Failure::without_answer(FailureKind::Network, "connection reset")
}

fn bad_gateway() -> Failure {
    let answer = Answer { status: 502, excerpt: "<html>".to_owned(), stored: false };
    let failure = Failure::without_answer(FailureKind::Unavailable, "bad gateway");
    Failure { answer: Some(answer), ..failure }
}

fn with_accident(courier: &Courier, accident: Accident) -> impl Transport + use<> {
    let (inner, has_been) = (transport(courier), Arc::new(AtomicBool::new(false)));
    tower::service_fn(move |call: Call| {
        let (inner, is_first) = (inner.clone(), !has_been.swap(true, Ordering::Relaxed));
        async move {
            let accident = if is_first { accident } else { Accident::None };
            if accident == Accident::ResetBefore {
                return Err(lost());
            }
            let answer = inner.oneshot(call).await;
            match accident {
                Accident::ResetAfter => Err(lost()),
                Accident::ProxyAfter => Err(bad_gateway()),
                Accident::None | Accident::ResetBefore => answer,
            }
        }
    })
}

async fn deliver(courier: &Courier, accident: Accident, events: &[&'static str]) -> Totals {
    let settings = CourierConfig::from_toml("test", CONFIG, &|_| None).unwrap().settings;
    let tally = Arc::new(Tally::default());
    let context = Context {
        dead_letters: Arc::new(LogOnly),
        tally: Arc::clone(&tally),
        seed: 1,
        clock: Clock::system(),
    };
    let sink = CourierSink::new(settings, with_accident(courier, accident), context);
    let records: Vec<Record> =
        events.iter().map(|event| Record::new(Bytes::from_static(event.as_bytes()), 0)).collect();
    Box::pin(sink.run_on(stream::iter(records))).await;
    tally.totals()
}

const ORDER: &str = r#"{"type":"track","event":"Order Completed","userId":"ann","messageId":"m1"}"#;
const OTHER: &str = r#"{"type":"track","event":"Other","userId":"bo","messageId":"m2"}"#;

async fn is_done_once_after(accident: Accident) {
    for event in [ORDER, OTHER] {
        let courier = contract::courier(Settings::default());
        let totals = deliver(&courier, accident, &[event]).await;
        assert_eq!(totals.delivered, 1, "{accident:?} {event}");
        let asked: u64 = totals.requests.values().sum();
        assert!(asked >= 2, "{accident:?}: it was sent again");
        assert_eq!(courier.invocations().len() + courier.inbound().len(), 1, "{accident:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_reset_before_courier_has_the_request_costs_a_repetition() {
    is_done_once_after(Accident::ResetBefore).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_reset_after_courier_did_the_work_runs_nothing_twice() {
    is_done_once_after(Accident::ResetAfter).await;
}

#[tokio::test(start_paused = true)]
async fn a_proxy_s_502_over_work_that_was_done_runs_nothing_twice() {
    is_done_once_after(Accident::ProxyAfter).await;
}

#[tokio::test(start_paused = true)]
async fn events_that_are_read_again_after_a_crash_run_nothing_again() {
    let courier = contract::courier(Settings::default());
    for _ in 0..2 {
        assert_eq!(deliver(&courier, Accident::None, &[ORDER, OTHER]).await.delivered, 2);
    }
    assert_eq!((courier.invocations().len(), courier.inbound().len()), (1, 1));
}
