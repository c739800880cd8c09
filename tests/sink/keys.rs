//! Until when Courier is asked to remember idempotency keys: as long as they may be used again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::delivery::{Failure, FailureKind};
use courier_sink::sink::Settings;
use futures::stream;

use crate::events::{identify, track};
use crate::support::{Told, failed, ok, server, settings, sink};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// When Courier may forget the keys of one run's attempts.
async fn keys_expire(settings: Settings) -> Vec<String> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&told);
    let (server, _) = server(move |call| {
        let expires = call.key_expires.map_or_else(|| "-".to_owned(), |at| at.to_string());
        noted.lock().unwrap().push(expires);
        (Duration::ZERO, ok())
    });
    let records = Told::default().records([track("a", "x"), identify("b")]);
    sink(settings, server).run_on(stream::iter(records)).await;
    let told = told.lock().unwrap();
    told.clone()
}

#[tokio::test(start_paused = true)]
async fn courier_is_asked_to_remember_keys_for_as_long_as_they_may_be_used_again() {
    let mut days = settings();
    days.expiration.after = Some(seconds(2 * 86_400));
    let mut minute = settings();
    minute.expiration.after = Some(seconds(60));
    let mut few = settings();
    few.delivery.retry.attempts = 5;
    let mut many = settings();
    many.delivery.retry.attempts = 100;
    for (settings, expected) in [
        (settings(), "2027-11-23T09:00:00.000Z"),
        (days, "2026-11-25T11:00:00.000Z"),
        (minute, "-"),
        (few, "-"),
        // 100 times an hour and a minute, and an hour for clocks that differ
        (many, "2026-11-27T16:40:00.000Z"),
    ] {
        // Only what starts something has a key.
        assert_eq!(keys_expire(settings).await, ["-", expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_keeps_its_expiration_and_a_new_key_gets_its_own() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&told);
    let (server, _) = server(move |call| {
        let mut told = noted.lock().unwrap();
        told.push((call.generation.0, call.key_expires.map(|at| at.to_string())));
        let answer = match told.len() {
            1 => Err(Failure::without_answer(FailureKind::Network, "reset")),
            2 => failed(FailureKind::Unavailable, 503),
            _ => ok(),
        };
        (Duration::ZERO, answer)
    });
    let mut settings = settings();
    settings.delivery.retry.attempts = 100;
    let records = Told::default().records([track("a", "x")]);
    sink(settings, server).run_on(stream::iter(records)).await;
    let first = Some("2026-11-27T16:40:00.000Z".to_owned());
    // The third attempt comes three seconds after the first; its key is born when the second is answered.
    let other = Some("2026-11-27T16:40:01.000Z".to_owned());
    assert_eq!(*told.lock().unwrap(), [(0, first.clone()), (0, first), (1, other)]);
}
