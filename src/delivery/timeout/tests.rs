//! That a call ends in time, and not before.

use tokio_test::{assert_pending, assert_ready, task};
use tower::ServiceExt;

use super::*;
use crate::courier::Class;
use crate::delivery::Settings;
use crate::delivery::testing::{
    Requests, Server, accepted, call, seconds, server, settings, shared,
};

async fn started(
    length: Duration,
) -> (task::Spawn<TimeoutFuture<<Server as Service<Call>>::Future>>, Requests) {
    let (server, requests) = server();
    let gate = shared(Settings { timeout: length, ..settings() }).gate;
    let mut service = TimeoutLayer::new(gate).layer(server);
    service.ready().await.unwrap();
    (task::spawn(service.call(call(Class::Inbound))), requests)
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_in_time() {
    let (mut attempt, mut requests) = started(seconds(60)).await;
    let _asked = requests.next_request().await.unwrap();
    assert_pending!(attempt.poll());
    tokio::time::advance(seconds(59)).await;
    assert!(!attempt.is_woken());
    tokio::time::advance(seconds(1)).await;
    assert!(attempt.is_woken());
    let failure = assert_ready!(attempt.poll()).unwrap_err();
    assert_eq!(failure.to_string(), "timed_out: no answer within 60 s");
}

#[tokio::test(start_paused = true)]
async fn an_answer_at_the_last_moment_counts() {
    let (mut attempt, mut requests) = started(seconds(60)).await;
    let (_, respond) = requests.next_request().await.unwrap();
    assert_pending!(attempt.poll());
    tokio::time::advance(seconds(60)).await;
    respond.send_response(accepted());
    assert_eq!(assert_ready!(attempt.poll()), Ok(accepted()));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_without_an_end_never_comes() {
    let (mut attempt, _requests) = started(Duration::MAX).await;
    assert_pending!(attempt.poll());
    tokio::time::advance(seconds(1_000_000)).await;
    assert_pending!(attempt.poll());
}
