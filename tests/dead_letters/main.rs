//! `courier-sink dead-letters` as an operator uses it: the built binary against an emulator that can be told to refuse.
#![cfg(all(unix, feature = "runner", feature = "emulator"))]

#[path = "../contract/mod.rs"]
mod contract;
mod crashes;
mod files;
#[path = "../runner/held_server.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod held_server;
mod keys;
#[path = "../runner/process.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod process;
mod running;
mod server;
mod steps;
