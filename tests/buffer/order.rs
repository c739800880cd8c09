//! What is fed, in which order, and what becomes of it.

use std::time::Duration;

use courier_sink::event::{Origin, Seed, Trust};
use courier_sink::finalization::EventStatus::{Delivered, Errored, Rejected};
use courier_sink::sink::{Payload, Record};
use futures::{FutureExt, StreamExt};
use tokio::time::Instant;

use crate::support::{Buffer, number, numbers};

#[tokio::test]
async fn a_source_is_told_when_its_record_is_stored_and_not_before_it_can_be_found_again() {
    let buffer = Buffer::new();
    buffer.store(0..500).await;
    assert_eq!(buffer.left(), 500);
    let (numbers, report) = buffer.drain().await;
    assert_eq!(numbers, (0..500).collect::<Vec<_>>());
    assert_eq!((report.left, report.lost, report.is_noted), (0, 0, true));
    assert_eq!(buffer.left(), 0);
}

#[tokio::test]
async fn a_record_comes_out_as_it_went_in() {
    let buffer = Buffer::new();
    let origin = Origin {
        name: "a.ndjson".into(),
        line: Some(3),
        seed: Seed::Position { fingerprint: 9, offset: 10 },
        trust: Trust::Untrusted,
    };
    let unreadable =
        Payload::Unreadable { bytes: "\u{0}".into(), problem: "it is no event".to_owned() };
    for from_disk in [false, true] {
        let mut run = buffer.run();
        let record = Record::new("", 0).with_origin(origin.clone());
        run.send_record(0, Record { payload: unreadable.clone(), ..record }).await;
        if from_disk {
            run.leave().await;
            run = buffer.run();
        }
        let fed = run.next().await;
        assert_eq!((&fed.origin, fed.resume), (&origin, None));
        let Payload::Unreadable { bytes, problem } = fed.payload else { panic!("it still is") };
        assert_eq!((&*bytes, problem.as_str()), (&b"\0"[..], "it is no event"));
        fed.finalizer.finalize(Rejected);
        run.input = None;
        assert!(run.records.next().await.is_none());
        assert_eq!(run.end().await.left, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_ended_errored_is_fed_again_before_anything_newer_and_what_ended_for_good_is_not() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    for at in 0..6 {
        run.send(at).await;
    }
    let mut fed = run.take(4).await.into_iter();
    let mut end = |status| fed.next().expect("four were fed").finalizer.finalize(status);
    end(Delivered);
    end(Errored);
    // 4 and 5 wait; 2 and 3 are still under way.
    assert!(run.records.next().now_or_never().is_none());
    end(Rejected);
    end(Errored);
    let before = Instant::now();
    let again = run.take(4).await;
    assert_eq!(numbers(&again), [1, 3, 4, 5]);
    let waited = before.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(2)).contains(&waited), "{waited:?}");
    for record in again {
        record.finalizer.finalize(Delivered);
    }
    run.input = None;
    assert!(run.records.next().await.is_none());
    assert_eq!(run.end().await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_newer_is_fed_once_a_part_of_a_record_ended_errored_though_others_are_under_way() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    for at in 0..3 {
        run.send(at).await;
    }
    let [first, second] = <[_; 2]>::try_from(run.take(2).await).expect("two were fed");
    let whole = first.finalizer.share();
    let (part, other) = (whole.finalizer(), whole.finalizer());
    drop((whole, part));
    second.finalizer.finalize(Delivered);
    let wait = tokio::time::timeout(Duration::from_secs(600), run.records.next());
    assert!(wait.await.is_err(), "the other part is under way");
    other.finalize(Delivered);
    let again = run.take(2).await;
    assert_eq!(numbers(&again), [0, 2]);
    for record in again {
        record.finalizer.finalize(Delivered);
    }
    run.input = None;
    assert!(run.records.next().await.is_none());
    assert_eq!(run.end().await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn the_wait_grows_while_nothing_gets_anywhere_and_starts_anew_when_something_does() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    run.send(0).await;
    run.send(1).await;
    let mut waits = Vec::new();
    let mut before = Instant::now();
    for pass in 0..10 {
        let (first, second) = (run.next().await, run.next().await);
        waits.push(before.elapsed().as_secs());
        before = Instant::now();
        first.finalizer.finalize(Errored);
        if pass == 8 {
            second.finalizer.finalize(Delivered);
            run.send(2).await;
        } else {
            drop(second);
        }
    }
    assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60, 1]);
}

#[tokio::test(start_paused = true)]
async fn after_the_end_of_the_input_what_gets_nowhere_stays_for_the_next_run() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    for at in 0..3 {
        run.send(at).await;
    }
    run.input = None;
    let mut passes = Vec::new();
    while let Some(record) = run.records.next().await {
        passes.push(number(&record));
        // Courier takes 1 at the second try, and never 0 and 2.
        let status =
            if passes.len() > 3 && passes.last() == Some(&1) { Delivered } else { Errored };
        record.finalizer.finalize(status);
        // The others of the pass are under way by then.
        if passes.len().is_multiple_of(3) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(run.end().await.left, 3);
    assert_eq!(passes, [0]);
}

#[tokio::test]
async fn a_stop_ends_the_feed_at_once_and_keeps_what_is_inside() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    for at in 0..10 {
        run.send(at).await;
    }
    let fed = run.take(4).await;
    run.stop.cancel();
    assert!(run.records.next().await.is_none());
    for record in fed {
        let status = if number(&record) == 1 { Errored } else { Delivered };
        record.finalizer.finalize(status);
    }
    run.input = None;
    assert_eq!(run.end().await.left, 7);
    assert_eq!(buffer.drain().await.0, [1, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn more_than_fits_in_memory_is_read_from_the_disk_in_order() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    // 12 MB, three times what is kept ready.
    for at in 0..3000 {
        let record = Record::new(crate::support::payload(at, 4000), at.into());
        run.send_record(at, record).await;
    }
    run.input = None;
    let mut fed = Vec::new();
    let mut under_way = std::collections::VecDeque::new();
    while let Some(record) = run.records.next().await {
        fed.push(number(&record));
        under_way.push_back(record);
        let window = if fed.len() < 3000 { 100 } else { 0 };
        while under_way.len() > window {
            under_way.pop_front().expect("it is not empty").finalizer.finalize(Delivered);
        }
    }
    assert_eq!(fed, (0..3000).collect::<Vec<_>>());
    assert_eq!(run.end().await.left, 0);
}

#[tokio::test]
async fn two_processes_do_not_share_a_buffer() {
    let buffer = Buffer::new();
    let run = buffer.run();
    let Err(error) = buffer.try_run() else { panic!("it is in use") };
    assert!(error.to_string().contains("is in use"), "{error}");
    run.leave().await;
    buffer.run().leave().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_the_ends_and_the_stops_each_record_ends_for_good_once_and_none_overtakes_its_users()
 {
    for seed in 0..30 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let buffer = Buffer::new();
        let total = 120;
        let (mut sent, mut ended) = (0, std::collections::BTreeSet::new());
        while ended.len() < 120 {
            let mut run = buffer.run();
            let mut under_way: Vec<Record> = Vec::new();
            // Numbers fed in this pass: they only grow until something ended Errored.
            let mut newest = None;
            for _ in 0..chance.usize(20..200) {
                let arrives = sent < total && chance.bool();
                if arrives {
                    run.send(sent).await;
                    sent += 1;
                }
                if let Some(Some(record)) = run.records.next().now_or_never() {
                    let number = number(&record);
                    assert!(!ended.contains(&number), "seed {seed}: {number} had ended");
                    assert!(newest < Some(number), "seed {seed}: {number} after {newest:?}");
                    newest = Some(number);
                    under_way.push(record);
                }
                if chance.u8(..4) == 0 && !under_way.is_empty() {
                    let record = under_way.swap_remove(chance.usize(..under_way.len()));
                    if chance.u8(..10) == 0 {
                        // From now on nothing newer is fed, until all have ended and the oldest comes again.
                        let failed = number(&record);
                        drop(record);
                        assert!(run.records.next().now_or_never().is_none());
                        for other in under_way.drain(..) {
                            ended.insert(number(&other));
                            other.finalizer.finalize(Delivered);
                        }
                        let again = run.next().await;
                        assert_eq!(number(&again), failed, "seed {seed}");
                        newest = Some(failed);
                        under_way.push(again);
                    } else {
                        ended.insert(number(&record));
                        let status = if chance.bool() { Delivered } else { Rejected };
                        record.finalizer.finalize(status);
                    }
                }
                // So that what is sent is stored now and then.
                tokio::task::yield_now().await;
            }
            drop(under_way);
            let ends = run.leave().await;
            assert!(ends.iter().all(|(_, status)| *status == Delivered), "seed {seed}");
        }
        assert_eq!((sent, buffer.left()), (total, 0), "seed {seed}");
    }
}
