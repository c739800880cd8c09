//! That no more comes in than there is room for, and no more goes out than was agreed.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use courier_sink::delivery::{Concurrency, Rate};
use courier_sink::finalization::EventStatus::Delivered;
use courier_sink::plan;
use courier_sink::sink::{
    Context, CourierSink, DeadLetter, DeadLetters, KeepFuture, Record, Settings,
};
use courier_sink::telemetry::Tally;
use futures::stream;
use tower::{Service, ServiceExt};

use crate::events::{automate, identify};
use crate::support::{
    Letters, NEVER, Told, clock, context, ok, pass, run, server, settings, sink, unavailable,
};

/// How many of endless records are taken in by a sink that gets no answer.
async fn taken(settings: Settings, record: impl Fn(usize) -> String + Send) -> usize {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let endless = stream::repeat_with(move || {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        Record::new(record(number), 0)
    });
    let (server, _) = server(|_| (NEVER, ok()));
    let running = sink(settings, server).run_on(endless);
    assert!(tokio::time::timeout(Duration::from_secs(9), running).await.is_err());
    taken.load(Ordering::Relaxed)
}

fn room(max_events: usize, max_size: usize) -> Settings {
    let mut settings = settings();
    settings.buffer.max_events = NonZeroUsize::new(max_events).unwrap();
    settings.buffer.max_size = NonZeroUsize::new(max_size).unwrap();
    settings
}

/// The same without lanes: then all that comes in is the window's.
fn room_for_all(max_events: usize, max_size: usize) -> Settings {
    let mut settings = room(max_events, max_size);
    settings.rules.ordering = plan::Ordering::None;
    settings
}

#[tokio::test(start_paused = true)]
async fn the_input_is_not_asked_while_the_window_is_full_of_events() {
    let different = |number: usize| identify(&number.to_string());
    assert_eq!(taken(room(7, 1 << 20), different).await, 7);
    assert_eq!(taken(room_for_all(7, 1 << 20), |_| identify("same")).await, 7);
}

#[tokio::test(start_paused = true)]
async fn the_input_is_not_asked_while_the_window_is_full_of_bytes() {
    let event = identify("a");
    let weight = event.len() + "{\"profile\":{\"a\":1}}".len();
    let same = |_| identify("a");
    assert_eq!(taken(room_for_all(500, 3 * weight), same).await, 3);
    assert_eq!(taken(room_for_all(500, 3 * weight + 1), same).await, 4, "one record over");
    assert_eq!(taken(room_for_all(500, 1), same).await, 1);
    let different = |number: usize| identify(&(number % 10).to_string());
    assert_eq!(taken(room(500, 20 * weight), different).await, 20, "two are a tenth");
}

#[tokio::test(start_paused = true)]
async fn one_user_takes_a_tenth_of_the_window_and_the_overflow_and_then_all_wait() {
    let same = |_| identify("same");
    assert_eq!(taken(room(70, 1 << 20), same).await, 7 + 70);
    assert_eq!(taken(room(7, 1 << 20), same).await, 1 + 7, "a tenth is at least one");
    let weight = identify("same").len() + "{\"profile\":{\"a\":1}}".len();
    assert_eq!(taken(room(500, 20 * weight), same).await, 2 + 20);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_user_takes_no_room_from_others() {
    let (server, notes) = server(|call| {
        let is_stuck = call.request.path().contains("stuck");
        (if is_stuck { NEVER } else { Duration::from_millis(100) }, ok())
    });
    // In each round one event of another user, and ten of the stuck one's: in all more than a window of them.
    let round = |user: usize| {
        let others = std::iter::once(identify(&user.to_string()));
        others.chain(std::iter::repeat_with(|| identify("stuck")).take(10))
    };
    let told = Told::default();
    let mut settings = room(100, 1 << 20);
    settings.delivery.timeout = NEVER * 2;
    let records = told.records((0..12).flat_map(round));
    let running = sink(settings, server).run_on(stream::iter(records));
    assert!(tokio::time::timeout(Duration::from_secs(9), running).await.is_err());
    let delivered = told.statuses().into_iter().filter(|it| *it == Delivered).count();
    // A tenth of the window and the overflow are the stuck one's by then: now the stream has to wait.
    assert_eq!(delivered, 11, "{:?}", notes.asked());
}

#[tokio::test(start_paused = true)]
async fn one_record_of_many_events_is_the_most_that_the_window_is_exceeded_by() {
    let three = |_| [identify("a"), identify("b"), identify("c")].join("\n");
    assert_eq!(taken(room_for_all(4, 1 << 20), three).await, 2);
}

/// Never done with keeping a letter.
struct Never;
impl DeadLetters for Never {
    fn keep(&self, _: DeadLetter) -> KeepFuture {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn letters_that_are_not_kept_yet_fill_the_window_too() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let endless = stream::repeat_with(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Record::new("no event", 0)
    });
    let context = Context {
        dead_letters: Arc::new(Never),
        tally: Arc::new(Tally::default()),
        seed: 0,
        clock: clock(),
    };
    let (server, _) = server(|_| (NEVER, ok()));
    let running = CourierSink::new(room(5, 1 << 20), server, context).run_on(endless);
    assert!(tokio::time::timeout(Duration::from_secs(9), running).await.is_err());
    assert_eq!(taken.load(Ordering::Relaxed), 5);
}

#[tokio::test(start_paused = true)]
async fn a_handle_is_ready_while_there_is_room_and_again_when_something_has_ended() {
    let (server, _) = server(|_| (Duration::from_secs(10), ok()));
    let (handle, worker) =
        CourierSink::pair(room(3, 1 << 20), server, context(&Letters::default()));
    let use_it = async {
        let mut handle = handle;
        let mut responses = Vec::new();
        let full = loop {
            match tokio::time::timeout(Duration::from_secs(1), handle.ready()).await {
                Ok(ready) => {
                    let record = Record::new(identify(&responses.len().to_string()), 0);
                    responses.push(ready.unwrap().call(record));
                }
                Err(_) => break responses.len(),
            }
        };
        assert!((3..40).contains(&full), "{full} records went in");
        pass(10_000).await;
        let _ = handle.ready().await.unwrap();
        drop(handle);
        for response in responses {
            assert_eq!(response.await, Ok(Delivered));
        }
    };
    tokio::join!(use_it, worker.run());
}

#[tokio::test(start_paused = true)]
async fn so_many_requests_are_under_way_at_once_and_no_more() {
    let (server, notes) = server(|_| (Duration::from_millis(100), ok()));
    let mut settings = settings();
    settings.delivery.concurrency = Concurrency::Fixed(NonZeroUsize::new(3).unwrap());
    let users: Vec<_> = (0..30).map(|user| identify(&user.to_string())).collect();
    run(settings, server, users).await;
    assert_eq!(notes.read(|seen| seen.most), 3);
    assert!(notes.asked()[29].starts_with("900 "), "all three are kept busy");
}

fn one_a_second(mut settings: Settings) -> Settings {
    settings.delivery.rate = Some(Rate::new(NonZeroU32::MIN, Duration::from_secs(1)));
    settings
}

#[tokio::test(start_paused = true)]
async fn a_class_with_much_work_does_not_take_every_token() {
    let (server, notes) = server(|_| (Duration::ZERO, ok()));
    let mut events: Vec<_> = (0..50).map(|user| identify(&user.to_string())).collect();
    events.push(automate("late", "welcome"));
    run(one_a_second(settings()), server, events).await;
    let asked = notes.asked();
    let place = asked.iter().position(|asked| asked.contains("automations"));
    assert!(place.is_some_and(|place| place < 5), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn every_attempt_pays_repetitions_included() {
    let left = std::sync::Mutex::new(3);
    let (server, notes) = server(move |_| {
        let mut left = left.lock().unwrap();
        *left -= i32::from(*left > 0);
        let answer = if *left > 0 { unavailable() } else { ok() };
        (Duration::ZERO, answer)
    });
    let mut settings = one_a_second(settings());
    settings.delivery.retry.initial_backoff = Duration::from_millis(1);
    run(settings, server, ["a", "b"].map(identify)).await;
    let at: Vec<_> = notes.read(|seen| seen.asked.iter().map(|(at, ..)| *at).collect());
    assert_eq!(at, [0, 1000, 2000, 3000]);
}

#[tokio::test(start_paused = true)]
async fn a_record_of_many_events_is_taken_in_as_there_is_room() {
    let (server, notes) = server(|_| (Duration::from_millis(10), ok()));
    let told = crate::support::Told::default();
    let batch: Vec<String> = (0..200)
        .map(|user| {
            format!(r#"{{"type":"identify","userId":"{user}","messageId":"{user}","traits":{{}}}}"#)
        })
        .collect();
    let record = format!("[{}]", batch.join(","));
    let tally = Arc::new(courier_sink::telemetry::Tally::default());
    let context = courier_sink::sink::Context {
        dead_letters: Arc::new(courier_sink::sink::LogOnly),
        tally: Arc::clone(&tally),
        seed: 1,
        clock: clock(),
    };
    let sink = courier_sink::sink::CourierSink::new(room(5, 1_000_000), server, context);
    let running = sink.run_on(stream::iter(told.records(vec![record])));
    let looking = async {
        pass(5).await;
        let taken = tally.totals().events.values().sum::<u64>();
        assert_eq!(taken, 5, "the rest of the record waits");
        assert_eq!(told.statuses(), []);
    };
    tokio::join!(running, looking);
    assert_eq!(told.statuses(), [courier_sink::finalization::EventStatus::Delivered]);
    assert_eq!(notes.asked().len(), 200);
}
