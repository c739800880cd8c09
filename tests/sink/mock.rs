//! The sink over tower's own mock: each request is seen before it is answered.

use courier_sink::courier::Endpoint;
use courier_sink::delivery::{Call, Failure, FailureKind, Outcome, Receipt};
use courier_sink::finalization::EventStatus::{Delivered, Errored, Rejected};
use futures::stream;
use tower::{BoxError, ServiceExt};
use tower_test::mock::{Handle, SendResponse, pair};

use crate::events::{group, identify, track};
use crate::support::{Told, no_retries, receipt, sink};

/// The next request, which must go to `endpoint`.
async fn next(requests: &mut Handle<Call, Receipt>, endpoint: Endpoint) -> SendResponse<Receipt> {
    let (call, answer) = requests.next_request().await.expect("the sink is there");
    assert_eq!(call.request.endpoint(), endpoint);
    answer
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_is_what_is_told() {
    let (mock, mut requests) = pair::<Call, Receipt>();
    let failure: fn(BoxError) -> Failure =
        |error| *error.downcast().expect("only failures are sent");
    let told = Told::default();
    let events = vec![identify("a"), track("a", "x"), group("b", "g"), identify("c")];
    let running =
        sink(no_retries(), mock.map_err(failure)).run_on(stream::iter(told.records(events)));
    let courier = async {
        requests.allow(4);
        let first = next(&mut requests, Endpoint::PostProfile).await;
        let other = next(&mut requests, Endpoint::PostProfile).await;
        let tenant = next(&mut requests, Endpoint::GetTenant).await;
        other.send_error(Failure::without_answer(FailureKind::Network, "reset"));
        tenant.send_error(Failure::without_answer(FailureKind::Unsendable, "too large"));
        // Only now is it the turn of the user's second event.
        first.send_response(receipt(Outcome::Accepted));
        next(&mut requests, Endpoint::InboundRudderStack)
            .await
            .send_response(receipt(Outcome::Duplicate));
    };
    tokio::join!(running, courier);
    assert_eq!(told.statuses(), [Delivered, Delivered, Rejected, Errored]);
}
