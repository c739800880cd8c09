//! One seed, one schedule of latency, failures and drops: every event ends exactly once, in the order of its lane.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::delivery::{Concurrency, FailureKind, Rate};
use courier_sink::finalization::EventStatus::{self, Errored};
use courier_sink::sink::{Record, Settings};
use futures::stream;

use crate::events::{automate, group, identify, skipped, track};
use crate::support::{Answered, Notes, Told, failed, ok, server, settings, sink};

const EVENTS: usize = 60;

fn event(chance: &mut fastrand::Rng, number: usize) -> String {
    let user = ["a", "b", "c"][chance.usize(0..3)];
    let tenant = ["g", "h"][chance.usize(0..2)];
    match chance.u8(0..12) {
        0..3 => identify(user),
        3..6 => track(user, &number.to_string()),
        6..8 => automate(user, &number.to_string()),
        8..10 => group(user, tenant),
        10 => [identify(user), "broken".to_owned(), skipped(), group(user, tenant)].join("\n"),
        _ => identify(".."),
    }
}

fn answer(chance: &mut fastrand::Rng) -> (Duration, Answered) {
    let latency = Duration::from_millis(chance.u64(0..400));
    let answer = match chance.u8(0..20) {
        0..2 => failed(FailureKind::Unavailable, 503),
        2 => failed(FailureKind::Throttled, 429),
        3 => failed(FailureKind::Network, 0),
        4 => failed(FailureKind::Refused, 400),
        5 if chance.bool() => failed(FailureKind::Unauthorized, 401),
        6 if chance.bool() => return (Duration::from_secs(1000), ok()),
        _ => ok(),
    };
    (latency, answer)
}

fn tight(chance: &mut fastrand::Rng) -> Settings {
    let mut settings = settings();
    settings.buffer.max_events = NonZeroUsize::new(chance.usize(1..12)).unwrap();
    settings.batch.max_events = NonZeroUsize::new(chance.usize(1..5));
    settings.delivery.concurrency =
        Concurrency::Fixed(NonZeroUsize::new(chance.usize(1..4)).unwrap());
    settings.delivery.timeout = Duration::from_secs(5);
    settings.delivery.retry.attempts = chance.usize(0..4);
    settings.delivery.rate = chance
        .bool()
        .then(|| Rate::new(NonZeroU32::new(chance.u32(1..20)).unwrap(), Duration::from_secs(1)));
    settings
}

/// Runs one schedule; whether it was cut short, what was told, and what the server saw.
async fn schedule(seed: u64) -> (bool, Told, Notes, usize) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let settings = tight(&mut chance);
    let Concurrency::Fixed(concurrency) = settings.delivery.concurrency else {
        unreachable!("`tight` fixes it")
    };
    let told = Told::default();
    let events: Vec<_> = (0..EVENTS).map(|number| event(&mut chance, number)).collect();
    let records = told.records(events);
    let pauses = Mutex::new(chance.fork());
    let input = stream::unfold((records.into_iter(), pauses), |(mut records, pauses)| async {
        let pause = {
            let mut chance = pauses.lock().unwrap();
            if chance.bool() { chance.u64(0..300) } else { 0 }
        };
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let record: Record = records.next()?;
        Some((record, (records, pauses)))
    });
    let answers = Arc::new(Mutex::new(chance.fork()));
    let (server, notes) = server(move |_| answer(&mut answers.lock().unwrap()));
    let is_cut = chance.u8(0..4) == 0;
    let limit = Duration::from_millis(if is_cut { chance.u64(0..8_000) } else { 100_000_000 });
    let running = sink(settings, server).run_on(input);
    let is_cut_short = tokio::time::timeout(limit, running).await.is_err();
    assert!(is_cut || !is_cut_short, "it has to come to an end");
    (is_cut_short, told, notes, concurrency.get())
}

#[tokio::test(start_paused = true)]
async fn every_event_ends_exactly_once_under_any_schedule() {
    for seed in 0..150 {
        println!("seed {seed}");
        let (is_cut_short, told, notes, concurrency) = schedule(seed).await;
        let ends = told.in_order_of_ends();
        let by_number: HashMap<usize, EventStatus> = ends.iter().copied().collect();
        assert_eq!(by_number.len(), ends.len(), "nothing ends twice");
        // What was never taken from the input is dropped with it, and its finalizer says so.
        assert_eq!(by_number.len(), EVENTS);
        if is_cut_short {
            assert!(by_number.values().any(|status| *status == Errored));
        }
        assert!(notes.read(|seen| seen.most) <= concurrency);
        assert!(notes.read(|seen| seen.most_in_lane) <= 1, "one at a time in a lane");
        assert!(notes.read(|seen| seen.under_way.values().all(|count| *count == 0)));
    }
}
