//! A buffer that is full, and is told to discard what arrives.

use std::time::Duration;

use courier_sink::config::WhenFull;
use courier_sink::finalization::EventStatus::Delivered;
use courier_sink::sink::Record;

use crate::support::{Buffer, Run, payload};

/// Puts a record in whose payload has so many bytes.
async fn put(run: &mut Run, number: u64, bytes: usize) {
    run.send_record(number, Record::new(payload(number, bytes), number.into())).await;
}

/// Waits until `count` records have ended for their source.
async fn until_told(run: &Run, count: usize) {
    while run.ends.lock().expect("nobody panics with it").len() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_has_ended_makes_room_at_once_also_where_what_arrives_would_be_discarded() {
    let mut buffer = Buffer::new();
    buffer.settings.when_full = WhenFull::DropNewest;
    let mut run = buffer.run();
    for number in 0..20 {
        put(&mut run, number, 1 << 20).await;
    }
    until_told(&run, 20).await;
    for record in run.take(5).await {
        record.finalizer.finalize(Delivered);
    }
    for number in 20..60 {
        put(&mut run, number, 1000).await;
        until_told(&run, usize::try_from(number).unwrap() + 1).await;
    }
    run.leave().await;
    let (numbers, _) = buffer.drain().await;
    let (large, small): (Vec<_>, Vec<_>) = numbers.into_iter().partition(|it| *it < 20);
    assert!((1..15).contains(&large.len()), "it was full: {large:?}");
    assert_eq!(small, (20..60).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_waited_for_room_was_so_long_on_its_way() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    for number in 0..20 {
        put(&mut run, number, 1 << 20).await;
    }
    // Each takes two of the sixteen mebibytes there are.
    until_told(&run, 8).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_secs(5)).await;
    for _ in 0..20 {
        run.next().await.finalizer.finalize(Delivered);
    }
    let seconds = run.sends.0.lock().expect("nobody panics with it").clone();
    assert_eq!(seconds.len(), 20);
    let (stored, waited) = seconds.split_at(8);
    assert!(stored.iter().all(|it| *it < 5.0), "{seconds:?}");
    assert!(waited.first().is_some_and(|it| *it >= 5.0), "{seconds:?}");
    run.leave().await;
}
