//! Whole bad days: what the sink does while Courier throttles, is down or hangs, and when the clock jumps.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use courier_sink::courier::Class;
use courier_sink::delivery::{Failure, FailureKind, Rate};
use courier_sink::finalization::EventStatus::Delivered;
use futures::stream;
use tokio::time::Instant;

use crate::events::{automate, group, identify, track};
use crate::support::{
    NEVER, Told, failed, in_turn, ok, pass, refused, run, server, settings, sink, unavailable,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Three rounds of events of ten users.
fn events() -> Vec<String> {
    let rounds = (0..3).flat_map(|round| (0..10).map(move |user| (round, user.to_string())));
    rounds
        .map(|(round, user)| match round {
            0 => identify(&user),
            1 => automate(&user, "x"),
            _ => track(&user, "y"),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn throttled_for_an_hour_a_class_waits_and_the_others_go_on() {
    let start = Instant::now();
    let (server, notes) = server(move |call| {
        let throttled = call.request.class() == Class::Profiles && start.elapsed() < HOUR;
        let wait = HOUR.saturating_sub(start.elapsed());
        let answer = failed(FailureKind::Throttled, 429)
            .map_err(|failure| Failure { retry_after: Some(wait), ..failure });
        (Duration::from_millis(10), if throttled { answer } else { ok() })
    });
    let (told, others) = (Told::default(), ["a", "b", "c"].map(|user| track(user, "y")));
    let records = told.records(events().into_iter().chain(others));
    let running = sink(settings(), server).run_on(stream::iter(records));
    let watch = async {
        pass(60_000).await;
        assert_eq!(told.statuses(), [Delivered; 3], "other users of other classes are done");
        pass(3_500_000).await;
        assert_eq!(notes.asked().len(), 10 + 3, "each head asked once, and nobody again");
    };
    tokio::join!(running, watch);
    assert_eq!(told.statuses(), [Delivered; 33]);
    assert_eq!(start.elapsed().as_secs(), HOUR.as_secs(), "no later than need be");
    assert_eq!(notes.read(|seen| seen.most_in_lane), 1);
}

#[tokio::test(start_paused = true)]
async fn down_for_a_day_nothing_is_lost_and_nothing_overtakes() {
    let start = Instant::now();
    let (server, notes) = server(move |_| {
        let answer = if start.elapsed() < DAY { unavailable() } else { ok() };
        (Duration::from_millis(10), answer)
    });
    let mut settings = settings();
    settings.order.max_wait = 2 * DAY;
    let told = run(settings, server, events()).await;
    assert_eq!(told.statuses(), [Delivered; 30]);
    let took = start.elapsed();
    assert!(took < DAY + Duration::from_secs(60), "half a minute of backoff, then all: {took:?}");
    assert_eq!(notes.read(|seen| seen.most_in_lane), 1);
    // Ten heads, each asked every half minute.
    assert!(notes.asked().len() < 10 * 24 * 120 + 100, "{}", notes.asked().len());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_is_given_up_and_sent_again() {
    let mut settings = settings();
    settings.delivery.timeout = Duration::from_secs(5);
    let start = Instant::now();
    let (server, notes) = server(move |call| {
        let hangs = call.request.path() == "/profiles/0" && start.elapsed().is_zero();
        (if hangs { NEVER } else { Duration::from_millis(10) }, ok())
    });
    let told = run(settings, server, events()).await;
    assert_eq!(told.statuses(), [Delivered; 30]);
    let last = told.in_order_of_ends().into_iter().rev().take(3);
    assert!(last.map(|(number, _)| number % 10).all(|user| user == 0), "the others went on");
    assert_eq!(notes.read(|seen| seen.most_in_lane), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_a_month_ahead_neither_bursts_nor_loses() {
    const LIMIT: u32 = 5;
    let mut settings = settings();
    let rate = Rate::new(NonZeroU32::new(LIMIT).unwrap(), Duration::from_secs(1));
    settings.delivery.rate = Some(Rate { burst: NonZeroU32::new(2).unwrap(), ..rate });
    let (server, notes) = server(|_| (Duration::from_millis(300), ok()));
    let told = Told::default();
    let records = told.records(events());
    let running = sink(settings, server).run_on(stream::iter(records));
    let jump = async {
        pass(1_000).await;
        tokio::time::advance(30 * DAY).await;
    };
    tokio::join!(running, jump);
    assert_eq!(told.statuses(), [Delivered; 30]);
    let began: Vec<u128> = notes.read(|seen| seen.asked.iter().map(|(at, ..)| *at).collect());
    for first in &began {
        let within = began.iter().filter(|at| (*first..first + 1_000).contains(at)).count();
        assert!(within <= 7, "limit and burst, were {within} from {first} ms on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_merged_request_that_is_refused_is_sent_again_event_by_event() {
    let mut settings = settings();
    settings.batch.max_events = NonZeroUsize::new(4);
    let (server, notes) = in_turn(vec![refused(), ok(), refused(), ok()]);
    let told = run(settings, server, ["a"; 4].map(identify)).await;
    let rejected = courier_sink::finalization::EventStatus::Rejected;
    assert_eq!(told.statuses(), [Delivered, rejected, Delivered, Delivered]);
    assert_eq!(notes.asked().len(), 1 + 4);
}

#[tokio::test(start_paused = true)]
async fn one_stuck_user_stops_nobody_else() {
    let (server, _) = server(|call| {
        let is_stuck = call.request.path() == "/profiles/stuck";
        (Duration::from_millis(10), if is_stuck { unavailable() } else { ok() })
    });
    let told = Told::default();
    let users = (0..1_000).map(|user| user.to_string());
    let stuck = std::iter::repeat_n("stuck".to_owned(), 40);
    let mut records = told.records(stuck.chain(users).map(|user| identify(&user)));
    records.push(told.record(1_040, group("0", "g")));
    let running = sink(settings(), server).run_on(stream::iter(records));
    // It never ends, as the first attempts are without limit.
    let ended = tokio::time::timeout(Duration::from_secs(60), running).await;
    assert!(ended.is_err());
    let delivered = told.statuses().into_iter().filter(|status| *status == Delivered).count();
    assert_eq!(delivered, 1_001);
}
