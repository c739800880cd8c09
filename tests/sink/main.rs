//! The sink from outside: records in, statuses and letters out, over a server that the test plays, on a paused clock.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test's set-up is a failed test"
)]

mod back_pressure;
mod bad_days;
mod batches;
mod done;
mod events;
mod expiry;
mod faces;
mod followers;
mod hold;
mod journal;
mod keys;
mod measured;
mod mock;
mod order;
mod random;
mod reload;
mod reload_load;
mod statuses;
mod support;
mod tap;
mod telemetry;
mod waits;
