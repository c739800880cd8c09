//! The caller of the sink's service face: waits for room, hands records over, and loses interest in some responses.

use std::ops::Range;
use std::pin::pin;
use std::time::Duration;

use courier_sink::sink::{Handle, Record, Response};
use fastrand::Rng;
use futures::future::{Either, join_all, select};
use tokio::time::{Sleep, timeout};
use tower::{Service, ServiceExt};

use crate::log::{Log, What};

/// Hands over `records` until `closes`, and waits for the responses it did not drop.
pub(crate) async fn feed(
    mut handle: Handle,
    records: Vec<(Range<usize>, Record)>,
    gaps: Vec<Duration>,
    mut chance: Rng,
    log: Log,
    closes: Sleep,
) {
    let mut responses = Vec::new();
    {
        let hand_over = pin!(async {
            for ((events, record), gap) in records.into_iter().zip(gaps) {
                let number = events.start;
                if !gap.is_zero() {
                    tokio::time::sleep(gap).await;
                }
                if handle.ready().await.is_err() {
                    return;
                }
                let response = handle.call(record);
                match chance.u8(..4) {
                    0 => drop(response),
                    1 => responses.push((number, response, chance.u64(..10_000))),
                    _ => responses.push((number, response, u64::from(u32::MAX))),
                }
            }
        });
        match select(hand_over, pin!(closes)).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }
    drop(handle);
    join_all(responses.into_iter().map(|it| respond(it, log.clone()))).await;
}

async fn respond((number, response, patience): (usize, Response, u64), log: Log) {
    // Out of patience: the response is dropped, and the event goes on.
    if let Ok(told) = timeout(Duration::from_millis(patience), response).await {
        log.push(What::Responded(number, told.ok()));
    }
}
