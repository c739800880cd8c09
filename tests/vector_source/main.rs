//! The `vector` source of the built binary, and a client written from what is known of Vector's protocol: stock Vector
//! itself is not run here.
#![cfg(all(unix, feature = "runner", feature = "emulator"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test's set-up is a failed test"
)]

#[path = "../contract/mod.rs"]
mod contract;
mod bad;
mod client;
mod encode;
mod events;
mod example;
#[path = "../runner/held_server.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod held_server;
#[path = "../http_server/memory.rs"]
mod memory;
#[path = "../wire/pki.rs"]
#[allow(dead_code, reason = "the transport's tests use all of it")]
mod pki;
#[path = "../runner/process.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod process;
mod rig;
#[path = "../dead_letters/server.rs"]
#[allow(dead_code, reason = "the tests of dead letters use all of it")]
mod server;
mod tls;
mod verdicts;
