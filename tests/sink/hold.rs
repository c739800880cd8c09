//! A wrong key: nothing is dropped, nothing is hammered, and everything goes on in order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::delivery::FailureKind;
use courier_sink::finalization::EventStatus::{Delivered, Errored, Rejected};
use futures::stream;

use crate::events::{group, identify, track};
use crate::support::{Told, failed, no_retries, ok, pass, server, settings, sink};

/// A server whose key can be put right.
fn locked() -> (impl courier_sink::sink::Transport, crate::support::Notes, Arc<AtomicBool>) {
    let key_is_right = Arc::new(AtomicBool::new(false));
    let is_right = Arc::clone(&key_is_right);
    let (server, notes) = server(move |_| {
        let answer = if is_right.load(Ordering::Relaxed) {
            ok()
        } else {
            failed(FailureKind::Unauthorized, 401)
        };
        (Duration::from_millis(10), answer)
    });
    (server, notes, key_is_right)
}

#[tokio::test(start_paused = true)]
async fn on_hold_everything_is_kept_and_then_goes_on_in_order() {
    let (server, notes, key_is_right) = locked();
    let told = Told::default();
    let mut events = Vec::new();
    for name in ["x", "y"] {
        for user in ["a", "b", "c"] {
            events.extend([identify(user), track(user, name), group(user, "g")]);
        }
    }
    let sink = sink(no_retries(), server);
    let held = sink.held();
    let running = sink.run_on(stream::iter(told.records(events)));
    let operator = async {
        pass(3_600_000).await;
        assert!(held.borrow().is_some());
        assert_eq!(told.statuses(), [], "nothing has ended");
        // Four heads of lanes at once, and then one probe every ten seconds.
        assert!(notes.asked().len() <= 4 + 360, "{}", notes.asked().len());
        key_is_right.store(true, Ordering::Relaxed);
        pass(20_000).await;
        assert!(held.borrow().is_none());
    };
    tokio::join!(running, operator);
    assert_eq!(told.statuses(), [Delivered; 18]);
    assert_eq!(notes.read(|seen| seen.most_in_lane), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_dropped_on_hold_gives_everything_back() {
    let (server, _, _) = locked();
    let told = Told::default();
    let events = [identify("a"), identify("a"), track("b", "x")];
    let running = sink(no_retries(), server).run_on(stream::iter(told.records(events)));
    assert!(tokio::time::timeout(Duration::from_secs(99), running).await.is_err());
    assert_eq!(told.statuses(), [Errored; 3]);
}

#[tokio::test(start_paused = true)]
async fn one_forbidden_request_costs_only_itself_once_others_are_let() {
    let (server, notes) = server(|call| {
        let is_poison = call.request.path().contains("mallory");
        let answer = if is_poison { failed(FailureKind::Forbidden, 403) } else { ok() };
        (Duration::from_millis(10), answer)
    });
    let told = Told::default();
    let events = vec![identify("mallory"), identify("a"), track("mallory", "x"), track("a", "y")];
    sink(no_retries(), server).run_on(stream::iter(told.records(events))).await;
    assert_eq!(told.statuses(), [Rejected, Delivered, Delivered, Delivered]);
    let poison = notes.asked().iter().filter(|asked| asked.contains("mallory")).count();
    assert_eq!(poison, 2, "{:?}", notes.asked());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_may_do_nothing_yet_loses_nothing_even_if_it_is_known_again() {
    let answers = Mutex::new(VecDeque::from([
        failed(FailureKind::Forbidden, 403),
        failed(FailureKind::Unauthorized, 401),
        failed(FailureKind::Throttled, 429),
        failed(FailureKind::Forbidden, 403),
    ]));
    let (server, _) = server(move |_| {
        let answer = answers.lock().unwrap().pop_front().unwrap_or_else(ok);
        (Duration::from_millis(10), answer)
    });
    let told = Told::default();
    let events = stream::iter(told.records(vec![identify("a")]));
    sink(settings(), server).run_on(events).await;
    assert_eq!(told.statuses(), [Delivered], "nothing was let through before it");
}
