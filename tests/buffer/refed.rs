//! What is fed again to a sink, whose Courier fails now and then: nothing is done twice once it was answered, and nothing
//! older comes behind what is newer, whatever is dropped on the way.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::clock::Clock;
use courier_sink::courier::{Generation, Request};
use courier_sink::delivery::{Answer, Call, Failure, FailureKind, Outcome, Receipt};
use courier_sink::finalization::Advance;
use courier_sink::finalization::EventStatus::Delivered;
use courier_sink::sink::{
    Context, CourierSink, DeadLetter, DeadLetterError, DeadLetters, KeepFuture, Record, Settings,
    Transport,
};
use courier_sink::telemetry::Tally;

use crate::support::{Buffer, Run, number};

const EVENTS: usize = 120;

/// What Courier did, in its order: by user and by tenant the numbers of the events.
type Did = Arc<Mutex<HashMap<String, Vec<usize>>>>;

/// Nothing is refused here.
struct NoLetters;

impl DeadLetters for NoLetters {
    fn keep(&self, letter: DeadLetter) -> KeepFuture {
        Box::pin(std::future::ready(Err(DeadLetterError(letter.detail))))
    }
}

/// Says no to one in six requests, and does what it says yes to.
fn courier(chance: &mut fastrand::Rng, did: &Did) -> impl Transport {
    let (chance, did) = (Arc::new(Mutex::new(chance.fork())), Arc::clone(did));
    tower::service_fn(move |call: Call| {
        let (latency, is_down) = {
            let mut chance = chance.lock().unwrap_or_else(PoisonError::into_inner);
            (chance.u64(..50), chance.u8(..6) == 0)
        };
        let did = Arc::clone(&did);
        async move {
            tokio::time::sleep(Duration::from_millis(latency)).await;
            if is_down {
                return Err(unavailable(call.generation));
            }
            note(&call.request, &did);
            let body = Bytes::from_static(b"{}");
            Ok(Receipt { status: 200, outcome: Outcome::Accepted, body })
        }
    })
}

fn unavailable(generation: Generation) -> Failure {
    let answer = Answer { status: 503, excerpt: String::new(), stored: true };
    let kind = FailureKind::Unavailable;
    let detail = "down".to_owned();
    Failure { kind, retry_after: None, answer: Some(answer), detail, generation }
}

fn note(request: &Request, did: &Did) {
    let (Request::PostProfile { body, .. } | Request::PutTenant { body, .. }) = request else {
        return;
    };
    let body = body.to_bytes();
    let body = std::str::from_utf8(&body).expect("JSON is text");
    let at = body.split_once("\"at\":").map(|(_, rest)| rest);
    let digits = at.and_then(|rest| rest.split(['}', ',']).next());
    let at = digits.and_then(|digits| digits.parse().ok()).expect("each has its number");
    let mut did = did.lock().unwrap_or_else(PoisonError::into_inner);
    did.entry(request.path()).or_default().push(at);
}

/// Records of one to four events, of five users and three tenants.
fn records(chance: &mut fastrand::Rng) -> Vec<String> {
    let mut records = Vec::new();
    let mut at = 0;
    while at < EVENTS {
        let count = chance.usize(1..5);
        let mut event = || {
            at += 1;
            let (user, tenant) = (chance.u8(..5), chance.u8(..3));
            let kind = if chance.bool() {
                "\"type\":\"identify\"".to_owned()
            } else {
                format!("\"type\":\"group\",\"groupId\":\"t{tenant}\"")
            };
            format!(
                "{{{kind},\"userId\":\"u{user}\",\"messageId\":\"m{at}\",\"traits\":{{\"at\":{at}}}}}"
            )
        };
        let events: Vec<_> = std::iter::repeat_with(&mut event).take(count).collect();
        records.push(format!("[{}]", events.join(",")));
    }
    records
}

fn sink(chance: &mut fastrand::Rng, did: &Did) -> CourierSink<impl Transport> {
    let mut settings = Settings::new("test");
    settings.batch.max_events = NonZeroUsize::new(1);
    settings.delivery.retry.attempts = 0;
    let context = Context {
        dead_letters: Arc::new(NoLetters),
        tally: Arc::new(Tally::default()),
        seed: chance.u64(..),
        clock: Clock::from_fn(|| Duration::from_secs(951_827_415)),
    };
    CourierSink::new(settings, courier(chance, did), context)
}

/// Delivers for a while, or until everything has ended.
async fn deliver(mut run: Run, sink: CourierSink<impl Transport>, chance: &mut fastrand::Rng) {
    run.input = None;
    let records = std::mem::replace(&mut run.records, Box::pin(futures::stream::empty()));
    let patience = Duration::from_millis(chance.u64(50..4000));
    let delivering = Box::pin(sink.run_on(records));
    // What is dropped in the middle is known as far as it was answered.
    let _ = tokio::time::timeout(patience, delivering).await;
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_done_of_a_record_is_known_when_it_is_fed_again_in_this_run_or_the_next() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    run.send(0).await;
    run.send(1).await;
    let mut whole = run.next().await.finalizer;
    whole.advance(&Advance::Part(1, &Advance::Whole));
    whole.advance(&Advance::Part(0, &Advance::Back(2)));
    run.next().await.finalizer.finalize(Delivered);
    drop(whole);
    let run_again = async |mut run: Run| {
        let fed = run.next().await;
        let parts: Vec<_> = (0..3).map(|part| fed.done.part(part)).collect();
        assert_eq!((number(&fed), parts[0].generation(), parts[1].is_whole()), (0, 2, true));
        assert!(parts[2].is_nothing() && !fed.done.is_whole());
        drop(fed);
        run.leave().await;
    };
    run_again(run).await;
    run_again(buffer.run()).await;
    let mut run = buffer.run();
    run.next().await.finalizer.finalize(Delivered);
    run.send(2).await;
    assert!(run.next().await.done.is_nothing());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_twice_and_nothing_older_comes_behind_what_is_newer() {
    for seed in 0..10 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let (buffer, did) = (Buffer::new(), Did::default());
        let mut run = buffer.run();
        for (number, text) in (0..).zip(records(&mut chance)) {
            run.send_record(number, Record::new(text, u128::from(number))).await;
        }
        run.leave().await;
        while buffer.left() > 0 {
            let sink = sink(&mut chance, &did);
            deliver(buffer.run(), sink, &mut chance).await;
        }
        for (path, numbers) in did.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            assert!(numbers.is_sorted(), "seed {seed}: {path} {numbers:?}");
        }
    }
}
