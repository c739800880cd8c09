//! How long records wait in a buffer, as it is told to whoever asks.

use courier_sink::finalization::EventStatus::Delivered;

use crate::support::{Buffer, Run};

#[tokio::test]
async fn how_long_the_oldest_record_waits_is_known_also_after_a_restart_and_bytes_come_and_go() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    let age = |run: &Run| run.filled().oldest_age.map(|age| age.as_secs());
    assert_eq!(age(&run), None);
    run.send(0).await;
    let first = run.next().await;
    buffer.pass(60);
    run.send(1).await;
    let second = run.next().await;
    assert_eq!((age(&run), run.filled().sent_bytes), (Some(60), 0));
    first.finalizer.finalize(Delivered);
    assert_eq!(age(&run), Some(0));
    buffer.pass(5);
    run.send(2).await;
    let third = run.next().await;
    let filled = run.filled();
    // The block of the first went when the third was written.
    assert_eq!((filled.received, filled.sent, age(&run)), (3, 1, Some(5)));
    assert_eq!(filled.received_bytes, 3 * filled.sent_bytes);
    assert_eq!(filled.bytes, 2 * filled.sent_bytes);
    drop((second, third));
    run.leave().await;
    buffer.pass(40);
    let mut run = buffer.run();
    run.take(2).await;
    assert_eq!((age(&run), run.filled().received_bytes), (Some(45), 0));
}

#[tokio::test]
async fn how_long_those_wait_that_are_fed_next_and_last_is_known_also_after_a_restart() {
    let buffer = Buffer::new();
    let mut run = buffer.run();
    let ages = |run: &Run| {
        let filled = run.filled();
        [filled.next_age, filled.newest_age].map(|age| age.map(|age| age.as_secs()))
    };
    assert_eq!(ages(&run), [None, None]);
    run.send(0).await;
    let _kept = run.next().await;
    buffer.pass(60);
    run.send(1).await;
    let _second = run.next().await;
    buffer.pass(5);
    assert_eq!(ages(&run), [Some(5), Some(5)], "the first is under way, and is not fed next");
    run.leave().await;
    let mut run = buffer.run();
    buffer.pass(10);
    assert_eq!(ages(&run), [None, Some(15)], "nothing was read yet");
    let _first = run.next().await;
    assert_eq!(ages(&run), [Some(15), Some(15)]);
    run.leave().await;
}
