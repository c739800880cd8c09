//! The adaptive controllers against servers of many kinds, in virtual time: what they settle at, how soon, and how much
//! is refused on the way. `cargo test --test adaptive -- --nocapture` prints the tables that `docs/adaptive.md` holds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::unchecked_time_subtraction,
    reason = "what cannot be in a simulation is a failed test"
)]

mod chance;
mod client;
mod concurrency;
mod document;
mod rate;
mod report;
mod servers;
