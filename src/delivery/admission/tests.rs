//! The layer's contract: ready and pending, who is woken, and what goes back when.

use std::task::Poll;

use futures::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;
use tower_test::mock::Spawn;

use super::*;
use crate::delivery::Shared;
use crate::delivery::testing::{
    Requests, Server, accepted, at_once, call, rate, seconds, server, shared, silence, throttled,
};

type Admitting = Spawn<Admission<Server>>;

fn layer(shared: &Shared, class: Class) -> AdmissionLayer {
    AdmissionLayer::new(Arc::clone(&shared.gate), class, Arc::clone(&shared.tally))
}

/// Two services of different classes that have one permit between them.
fn two(shared: &Shared) -> (Admitting, Admitting, Requests) {
    let (server, requests) = server();
    let first = Spawn::new(layer(shared, Class::Profiles).layer(server.clone()));
    let second = Spawn::new(layer(shared, Class::Inbound).layer(server));
    (first, second, requests)
}

fn is_ready(service: &mut Admitting) -> bool {
    match service.poll_ready() {
        Poll::Ready(result) => result.is_ok(),
        Poll::Pending => false,
    }
}

#[tokio::test(start_paused = true)]
async fn the_permit_goes_back_on_success_on_error_and_on_drop() {
    for end in ["success", "error", "drop"] {
        let (mut first, mut second, mut requests) = two(&shared(at_once(1)));
        assert!(is_ready(&mut first) && is_ready(&mut first), "ready stays ready");
        let attempt = first.call(call(Class::Profiles));
        assert!(!is_ready(&mut second) && !second.is_woken());
        let (_, respond) = requests.next_request().await.unwrap();
        match end {
            "success" => {
                respond.send_response(accepted());
                assert!(attempt.await.is_ok());
            }
            "error" => {
                respond.send_error(silence());
                assert_eq!(attempt.await, Err(silence()));
            }
            _ => drop(attempt),
        }
        assert!(second.is_woken() && is_ready(&mut second), "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clone_waits_for_its_own_turn() {
    let (mut first, _, _requests) = two(&shared(at_once(1)));
    assert!(is_ready(&mut first));
    let mut clone = first.clone();
    assert!(!is_ready(&mut clone));
    drop(first);
    assert!(clone.is_woken() && is_ready(&mut clone));
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_waiting_lets_the_next_one_in() {
    let (mut first, mut second, _requests) = two(&shared(at_once(1)));
    let (mut third, mut fourth) = (first.clone(), second.clone());
    assert!(is_ready(&mut first));
    for waiting in [&mut second, &mut third, &mut fourth] {
        assert!(!is_ready(waiting));
    }
    drop(second);
    drop(first);
    assert!(is_ready(&mut third) && !is_ready(&mut fourth));
    drop(third);
    assert!(fourth.is_woken() && is_ready(&mut fourth));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_permit_hoards_no_token() {
    let shared = shared(crate::delivery::Settings { rate: Some(rate(1)), ..at_once(1) });
    let (mut first, mut second, _requests) = two(&shared);
    assert!(is_ready(&mut first));
    let long = first.call(call(Class::Profiles));
    assert!(!is_ready(&mut second));
    tokio::time::advance(seconds(100)).await;
    assert!(!is_ready(&mut second));
    drop(long);
    assert!(is_ready(&mut second), "there is a token for one");
    drop(second.call(call(Class::Inbound)));
    assert!(!is_ready(&mut first), "and for one only");
    tokio::time::advance(seconds(10)).await;
    assert!(first.is_woken() && is_ready(&mut first));
}

/// A transport with one slot, which readiness takes: an embedder's own limit, say.
struct OneSlot {
    slot: PollSemaphore,
    taken: Option<OwnedSemaphorePermit>,
}

impl Clone for OneSlot {
    fn clone(&self) -> Self {
        Self { slot: self.slot.clone(), taken: None }
    }
}

impl Service<Call> for OneSlot {
    type Response = Receipt;
    type Error = Failure;
    type Future = std::future::Ready<Result<Receipt, Failure>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if self.taken.is_none() {
            self.taken = ready!(self.slot.poll_acquire(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Call) -> Self::Future {
        drop(self.taken.take().unwrap());
        std::future::ready(Err(throttled(Some(60))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_paused_class_sits_neither_on_a_permit_nor_on_the_inner_service() {
    let shared = shared(at_once(1));
    let slot = PollSemaphore::new(Arc::new(Semaphore::new(1)));
    let server = OneSlot { slot, taken: None };
    let mut first = Spawn::new(layer(&shared, Class::Profiles).layer(server.clone()));
    let mut second = Spawn::new(layer(&shared, Class::Inbound).layer(server));
    assert!(first.poll_ready().is_ready());
    assert!(first.call(call(Class::Profiles)).await.is_err());
    assert!(first.poll_ready().is_pending());
    assert!(second.poll_ready().is_ready());
    drop(second);
    tokio::time::advance(seconds(60)).await;
    assert!(first.is_woken() && first.poll_ready().is_ready());
}

#[tokio::test(start_paused = true)]
async fn readiness_waits_for_the_inner_service() {
    let (mut first, _, mut requests) = two(&shared(at_once(2)));
    requests.allow(0);
    assert!(!is_ready(&mut first));
    requests.allow(1);
    assert!(first.is_woken() && is_ready(&mut first));
}

#[tokio::test(start_paused = true)]
async fn an_inner_service_that_fails_to_get_ready_fails_the_call() {
    let shared = shared(at_once(1));
    let (mut first, mut second, mut requests) = two(&shared);
    requests.send_error(silence());
    assert!(is_ready(&mut first), "trouble is never told from poll_ready");
    let attempt = first.call(call(Class::Profiles));
    assert_eq!(attempt.now_or_never(), Some(Err(silence())));
    assert!(is_ready(&mut second), "its permit is back");
    assert!(shared.tally.totals().requests.is_empty(), "nothing was sent");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "poll_ready must be ready before call")]
async fn a_call_without_readiness_breaks_the_contract() {
    let (mut first, _, _requests) = two(&shared(at_once(1)));
    drop(first.call(call(Class::Profiles)));
}
