//! `http_server` as clients see it: the built binary on a real socket, with a Courier behind it that can be held.
#![cfg(all(unix, feature = "runner", feature = "emulator"))]

#[path = "../contract/mod.rs"]
mod contract;
mod answers;
mod bodies;
mod browsers;
mod client;
mod ends;
#[path = "../runner/held_server.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod held_server;
mod hostile;
mod keys;
mod memory;
mod pixels;
#[path = "../wire/pki.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "the transport's tests use all of it")]
mod pki;
#[path = "../runner/process.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod process;
mod restarts;
mod tls;
