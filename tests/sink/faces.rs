//! The two faces, their ends, and an embedder's own acknowledgements.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::finalization::EventStatus::{Delivered, Errored, Rejected};
use courier_sink::finalization::{Acknowledge, BatchNotifier, EventFinalizer, EventStatus};
use courier_sink::sink::{Closed, CourierSink, Handle, Record, StreamSink, Worker};
use futures::{FutureExt, StreamExt, stream};
use tower::{Service, ServiceExt};

use crate::events::identify;
use crate::support::{
    Letters, NEVER, Told, context, in_turn, ok, pass, refused, server, settings, sink,
};

fn pair(
    answers: Vec<crate::support::Answered>,
) -> (Handle, Worker<impl courier_sink::sink::Transport>) {
    let (server, _) = in_turn(answers);
    CourierSink::pair(settings(), server, context(&Letters::default()))
}

fn silent_pair() -> (Handle, Worker<impl courier_sink::sink::Transport>) {
    let (server, _) = server(|_| (NEVER, ok()));
    CourierSink::pair(settings(), server, context(&Letters::default()))
}

fn record(user: &str) -> Record {
    Record::new(identify(user), 0)
}

#[tokio::test(start_paused = true)]
async fn a_service_answers_with_the_status_of_its_event() {
    let (handle, worker) = pair(vec![ok(), refused()]);
    let calls = async {
        let mut handle = handle;
        let first = handle.ready().await.unwrap().call(record("a"));
        let second = handle.clone().oneshot(record("a"));
        drop(handle);
        (first.await, second.await)
    };
    let (statuses, ()) = tokio::join!(calls, worker.run());
    assert_eq!(statuses, (Ok(Delivered), Ok(Rejected)), "rejected is an answer");
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_dropped_does_not_recall_its_event() {
    let (handle, worker) = pair(vec![]);
    let told = Told::default();
    let record = told.record(0, identify("a"));
    let drop_it = async {
        let mut handle = handle;
        drop(handle.ready().await.unwrap().call(record));
    };
    tokio::join!(drop_it, worker.run());
    assert_eq!(told.statuses(), [Delivered]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_ends_when_its_handles_are_gone_and_everything_has_ended() {
    let (server, _) = server(|_| (Duration::from_secs(5), ok()));
    let (handle, worker) = CourierSink::pair(settings(), server, context(&Letters::default()));
    let mut running = Box::pin(worker.run());
    assert!((&mut running).now_or_never().is_none(), "a handle is left");
    let response = handle.oneshot(record("a"));
    let ((), status) = tokio::join!(running, response);
    assert_eq!(status, Ok(Delivered));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_dropped_gives_everything_back_and_closes_its_handles() {
    let (mut handle, worker) = silent_pair();
    let told = Told::default();
    let mut responses = Vec::new();
    let mut running = Box::pin(worker.run());
    for number in 0..5 {
        let record = told.record(number, identify(&number.to_string()));
        responses.push(handle.ready().await.unwrap().call(record));
        if number == 3 {
            assert!((&mut running).now_or_never().is_none());
        }
    }
    let mut ready_already = handle.clone();
    ready_already.ready().await.unwrap();
    drop(running);
    for response in responses {
        assert_eq!(response.await, Ok(Errored));
    }
    assert_eq!(told.statuses(), [Errored; 5]);
    assert_eq!(handle.ready().await.map(|_| ()), Err(Closed));
    let late = ready_already.call(told.record(5, identify("late")));
    let late = tokio::time::timeout(Duration::from_secs(1), late).await;
    assert_eq!(late.expect("a call to nobody must not wait"), Err(Closed));
    assert_eq!(told.statuses().len(), 6, "and its own finalizer is told");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_never_ran_gives_everything_back_as_well() {
    let (mut handle, worker) = silent_pair();
    let response = handle.ready().await.unwrap().call(record("a"));
    drop(worker);
    assert_eq!(response.await, Ok(Errored));
    assert_eq!(handle.oneshot(record("b")).await, Err(Closed));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_gives_everything_back() {
    let (server, _) = server(|_| (NEVER, ok()));
    let told = Told::default();
    let mut settings = settings();
    settings.batch.max_events = None;
    settings.batch.timeout = Duration::from_secs(5);
    let users = ["a", "a", "b"].map(identify);
    let late = stream::once(pass(20).map({
        let told = told.clone();
        move |()| told.record(3, identify("in an open batch"))
    }));
    let records = stream::iter(told.records(users)).chain(late);
    let running = Box::new(sink(settings, server)).run(records.chain(stream::pending()).boxed());
    assert!(tokio::time::timeout(Duration::from_secs(1), running).await.is_err());
    assert_eq!(told.statuses(), [Errored; 4]);
}

/// An embedder's own finalizers: told all at once what became of them.
struct Finalizers {
    ends: Arc<Mutex<Vec<&'static str>>>,
}

impl Acknowledge for Finalizers {
    fn acknowledge(self: Box<Self>, status: EventStatus) {
        self.ends.lock().unwrap().push(match status {
            EventStatus::Delivered => "delivered",
            EventStatus::Rejected => "rejected",
            EventStatus::Errored => "errored",
        });
    }
}

#[tokio::test(start_paused = true)]
async fn anything_that_can_be_told_a_status_can_ride_on_a_record() {
    let ends = Arc::new(Mutex::new(Vec::new()));
    let own = Finalizers { ends: Arc::clone(&ends) };
    let closure_ends = Arc::clone(&ends);
    let closure = move |status: EventStatus| {
        let end = if status == Rejected { "closure: rejected" } else { "?" };
        closure_ends.lock().unwrap().push(end);
    };
    let (batch, receiver) = BatchNotifier::new_with_receiver();
    let records = [
        record("a").with_finalizer(EventFinalizer::new(own)),
        record("..").with_finalizer(EventFinalizer::new(closure)),
        record("b").with_finalizer(batch.finalizer()),
        record("..").with_finalizer(batch.finalizer()),
        record("c"),
    ];
    drop(batch);
    let (server, _) = in_turn(vec![]);
    sink(settings(), server).run_on(stream::iter(records)).await;
    let mut told = ends.lock().unwrap().clone();
    told.sort_unstable();
    assert_eq!(told, ["closure: rejected", "delivered"]);
    assert_eq!(receiver.await, Rejected, "the worst of the batch");
}
