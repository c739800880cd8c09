//! Other settings again and again while much is under way: what is taken, by whom, in which order and how often.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier_sink::delivery::Call;
use courier_sink::plan::Unmapped;

use crate::events::group;
use crate::reload::{a_second, unmapped};
use crate::support::{Told, channel, lane, ok, pass, refused, server, settings, sink, unavailable};

/// The number that an event brought into its request, if that tells it.
fn number(call: &Call) -> Option<usize> {
    let body = call.request.body()?.to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    body.split_once("\"n\":")?.1.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_reloads_under_load_lose_repeat_and_reorder_nothing() {
    let mut dice = fastrand::Rng::with_seed(7);
    let seeds = Mutex::new(fastrand::Rng::with_seed(8));
    // Of each request that was taken: its lane, its path and its event's number. One that stood for several and was refused
    // is taken apart, and counts for nothing.
    let taken = Arc::new(Mutex::new(Vec::<(String, String, usize)>::new()));
    let log = Arc::clone(&taken);
    let (server, notes) = server(move |call| {
        let mut seeds = seeds.lock().unwrap();
        let latency = Duration::from_millis(seeds.u64(0..40));
        let answer = match seeds.u8(0..20) {
            0 => refused(),
            1 | 2 => unavailable(),
            _ => ok(),
        };
        let path = call.request.path();
        if let (Ok(_), Some(number)) = (&answer, number(call)) {
            log.lock().unwrap().push((lane(&call.request), path, number));
        }
        (latency, answer)
    });
    let plain = settings();
    let sink = sink(plain.clone(), server);
    let (reload, told) = (sink.reload(), Told::default());
    let (sender, input) = channel();
    let feed = async {
        for number in 0..1000 {
            let user = dice.u8(0..12);
            let envelope = format!("\"userId\":\"{user}\",\"messageId\":\"{number}\"");
            let event = match dice.u8(0..4) {
                0 => format!(r#"{{"type":"identify",{envelope},"traits":{{"n":{number}}}}}"#),
                1 => group(&user.to_string(), &dice.u8(0..3).to_string()),
                _ => {
                    format!(
                        r#"{{"type":"track","event":"x",{envelope},"properties":{{"n":{number}}}}}"#
                    )
                }
            };
            sender.send(told.record(number, event)).await.unwrap();
            pass(dice.u64(0..6)).await;
        }
        drop(sender);
    };
    let change = async {
        for round in 0..100_u32 {
            pass(80).await;
            // Skipping empties what waits, so it comes seldom.
            let kind = match (round % 40, round % 2) {
                (30, _) => Unmapped::Skip,
                (_, 0) => Unmapped::InboundCourier,
                _ => Unmapped::InboundRudderStack,
            };
            let mut settings = unmapped(&plain, kind);
            settings.delivery.rate = if round % 2 == 0 { Some(a_second(300)) } else { None };
            settings.buffer.max_events =
                NonZeroUsize::new(50 + 50 * usize::try_from(round % 5).unwrap()).unwrap();
            reload.set(settings).unwrap();
        }
    };
    tokio::join!(sink.run_on(input), feed, change);
    let mut numbers: Vec<_> = told.in_order_of_ends().iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..1000).collect::<Vec<_>>(), "each ends once");
    assert_eq!(notes.read(|seen| seen.most_in_lane), 1, "no two of a lane at once");
    let taken = taken.lock().unwrap();
    let (mut newest, mut once) = (HashMap::new(), HashSet::new());
    for (lane, path, number) in &*taken {
        let before = newest.insert(lane, number);
        assert!(before <= Some(number), "{number} comes after {before:?} in {lane}");
        assert!(once.insert((path, number)), "{number} is taken twice by {path}");
    }
    assert!(
        newest.len() == 12 && once.len() > 300,
        "{} lanes, {} requests",
        newest.len(),
        once.len()
    );
}
