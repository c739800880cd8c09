//! A million users, each with one event, through a window of ten thousand: what the sink needs at most is bounded by
//! the window, and does not grow with the users it has seen.
#![allow(clippy::unwrap_used, reason = "a failed step of a test's set-up is a failed test")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use courier_sink::clock::Clock;
use courier_sink::delivery::{Call, Concurrency, Failure, Outcome, Receipt};
use courier_sink::sink::{Context, CourierSink, LogOnly, Record, Settings};
use courier_sink::telemetry::Tally;
use futures::stream;
use peak_alloc::PeakAlloc;

/// Counts what is allocated in this process, which runs this one test.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Users at a time: as many lanes hold work.
const WINDOW: usize = 10_000;

/// What one event inside may cost at most, everything included: its bytes and its request (0.5 KB here), its lane, its
/// attempt under way, its timer.
const MOST_PER_EVENT: usize = 4 << 10;

/// Runs one event for each of `users` through the sink, and gives the most bytes it held and the most attempts at once.
fn peak(users: usize) -> (usize, usize) {
    let mut settings = Settings::new("test");
    let window = NonZeroUsize::new(WINDOW).unwrap();
    settings.buffer.max_events = window;
    settings.delivery.concurrency = Concurrency::Fixed(window);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let slow = tower::service_fn(move |_: Call| {
        let now = Arc::clone(&now);
        seen.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        async move {
            // Long enough for the window to fill up behind it.
            tokio::time::sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, Ordering::Relaxed);
            let receipt = Receipt { status: 200, outcome: Outcome::Accepted, body: Bytes::new() };
            Ok::<_, Failure>(receipt)
        }
    });
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let tally = Arc::new(Tally::default());
    runtime.block_on(async {
        let tally = Arc::clone(&tally);
        let context =
            Context { dead_letters: Arc::new(LogOnly), tally, seed: 1, clock: Clock::system() };
        let input = stream::iter((0..users).map(|user| Record::new(event(user), 0)));
        Box::pin(CourierSink::new(settings, slow, context).run_on(input)).await;
    });
    assert_eq!(tally.totals().delivered, u64::try_from(users).unwrap());
    (MEMORY.peak_usage() - before, most.load(Ordering::Relaxed))
}

fn event(user: usize) -> String {
    format!(
        r#"{{"type":"identify","messageId":"m{user}","userId":"u{user}","traits":{{"email":"u{user}@example.com","plan":"free"}}}}"#
    )
}

#[test]
fn a_million_users_need_no_more_memory_than_the_window() {
    // Unoptimized, a tenth of them: that takes seconds either way, and CI runs both.
    let users = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    // More than fit at once, so that everything has grown as large as it gets.
    let fewer = (users / 10).max(3 * WINDOW);
    let (few, _) = peak(fewer);
    let (many, at_once) = peak(users);
    let per_event = many / WINDOW;
    println!(
        "{users} users, {at_once} at a time: {many} bytes at most, {per_event} for each in the window"
    );
    println!("{fewer} users: {few} bytes");
    assert_eq!(at_once, WINDOW, "every place in the window is a lane of its own");
    assert!(per_event <= MOST_PER_EVENT, "{per_event} bytes for each event in the window");
    assert!(many <= few + few / 4, "{few} bytes grew to {many} with more users");
}
