//! When a batch is closed, and that nothing waits for the answer to one.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use courier_sink::batch::Limits;
use courier_sink::finalization::EventStatus::{Delivered, Errored};
use courier_sink::sink::{Record, Settings};
use futures::{FutureExt, StreamExt, stream};

use crate::events::{identify, skipped};
use crate::support::{NEVER, Told, channel, in_turn, ok, pass, run, server, settings, sink};

fn limits(max_events: Option<usize>, max_bytes: usize, timeout: Duration) -> Settings {
    Settings {
        batch: Limits {
            max_events: max_events.and_then(NonZeroUsize::new),
            max_bytes: NonZeroUsize::new(max_bytes).unwrap(),
            timeout,
        },
        ..settings()
    }
}

/// When each of `count` events is sent if one comes every 100 ms and the input stays open.
async fn sent(settings: Settings, count: usize) -> Vec<String> {
    let (server, notes) = in_turn(vec![]);
    let (sender, input) = channel();
    let told = Told::default();
    let feed = async {
        for (number, user) in ["a", "b", "c", "d"].into_iter().enumerate().take(count) {
            sender.send(told.record(number, identify(user))).await.unwrap();
            pass(100).await;
        }
        pass(10_000).await;
        let seen = notes.asked();
        drop(sender);
        seen
    };
    let (seen, ()) = tokio::join!(feed, sink(settings, server).run_on(input));
    seen
}

#[tokio::test(start_paused = true)]
async fn the_timeout_closes_a_batch() {
    let seen = sent(limits(None, 1 << 20, Duration::from_millis(250)), 4).await;
    let at = ["250", "250", "250", "550"];
    let users = ["a", "b", "c", "d"];
    let expected: Vec<_> =
        at.iter().zip(users).map(|(at, user)| format!("{at} POST /profiles/{user}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn so_many_events_close_a_batch() {
    let seen = sent(limits(Some(2), 1 << 20, NEVER), 3).await;
    assert_eq!(seen, ["100 POST /profiles/a", "100 POST /profiles/b"]);
}

#[tokio::test(start_paused = true)]
async fn so_many_bytes_close_a_batch() {
    let size = identify("a").len();
    let seen = sent(limits(None, 2 * size, NEVER), 3).await;
    assert_eq!(seen, ["100 POST /profiles/a", "100 POST /profiles/b"]);
    let seen = sent(limits(None, 1, NEVER), 1).await;
    assert_eq!(seen, ["0 POST /profiles/a"], "one that is too large goes alone");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_input_closes_a_batch_whatever_its_timeout() {
    let (server, _) = in_turn(vec![]);
    let told = run(limits(None, 1 << 20, Duration::MAX), server, [identify("a")]).await;
    assert_eq!(told.statuses(), [Delivered]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_without_an_end_does_not_overflow_the_clock() {
    let seen = sent(limits(Some(2), 1 << 20, Duration::MAX), 2).await;
    assert_eq!(seen.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_window_closes_a_batch() {
    let mut settings = limits(None, 1 << 20, NEVER);
    settings.buffer.max_events = NonZeroUsize::new(2).unwrap();
    assert_eq!(sent(settings, 2).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_the_answer_to_a_batch() {
    let (server, notes) = server(|call| {
        let hangs = call.request.path().ends_with("/slow");
        (if hangs { NEVER } else { Duration::ZERO }, ok())
    });
    let mut settings = limits(Some(2), 1 << 20, NEVER);
    settings.delivery.timeout = NEVER;
    let told = Told::default();
    let records = told.records(["slow", "a", "b", "c"].map(identify));
    let input = stream::iter(records).chain(stream::pending());
    let sink = sink(settings, server).run_on(input);
    assert!(tokio::time::timeout(Duration::from_secs(1), sink).await.is_err());
    assert_eq!(notes.asked().len(), 4);
    let expected = [(1, Delivered), (2, Delivered), (3, Delivered), (0, Errored)];
    assert_eq!(told.in_order_of_ends(), expected);
}

#[tokio::test(start_paused = true)]
async fn records_that_need_no_window_leave_others_their_turn() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let endless = stream::repeat_with(move || {
        assert!(counted.fetch_add(1, Ordering::Relaxed) < 100_000, "nobody else gets a turn");
        Record::new(skipped(), 0)
    });
    let (server, _) = in_turn(vec![]);
    let running = sink(settings(), server).run_on(endless).now_or_never();
    assert!(running.is_none());
    assert!(taken.load(Ordering::Relaxed) > 0);
}
