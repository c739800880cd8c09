//! One seed, one schedule: events, settings and a Courier that fails in every way it can, on one thread and a paused
//! clock. Only promises are checked, and a broken one prints the seed and the end of its log.
//!
//! `SIMULATION_SEEDS=20000 cargo test --release --test simulation` plays more of them, `SIMULATION_SEED=17` one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "what cannot be in a log is a failed test, and most checks look at few kinds of entries"
)]

mod capacity;
mod check;
mod courier;
mod effects;
mod events;
mod log;
mod options;
mod pace;
mod play;
mod records;
mod replay;
mod reply;
mod sensitivity;
mod service;
mod statuses;
mod strategy;
mod weather;
mod window;
mod witness;

const SEEDS: u64 = 200;

#[expect(clippy::disallowed_methods, reason = "a test may be asked for more, the library may not")]
fn asked_for(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number, was {value:?}")))
}

#[test]
fn every_promise_is_kept_under_every_schedule() {
    let seeds = match asked_for("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked_for("SIMULATION_SEEDS").unwrap_or(SEEDS),
    };
    let (mut broken, mut first) = (Vec::new(), None);
    for seed in seeds {
        let played = play::play(seed);
        if let Err(promise) = check::promises(&played) {
            first.get_or_insert_with(|| promise.story(&played));
            broken.push(promise.summary(seed));
        }
    }
    let (count, shown) = (broken.len(), broken.iter().take(20).cloned().collect::<Vec<_>>());
    assert!(
        broken.is_empty(),
        "{count} broken\n{}\nthe first of them:\n{}",
        shown.join("\n"),
        first.unwrap_or_default()
    );
}

#[test]
fn the_same_seed_gives_the_same_log() {
    for seed in 0..40 {
        let hashes = [(); 2].map(|()| log::hash(&play::play(seed).entries));
        assert_eq!(hashes[0], hashes[1], "seed {seed}");
    }
}
