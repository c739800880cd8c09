//! The buffer on disk as an operator has it: the built binary, killed, on a full disk, and asked what it holds.
#![cfg(all(unix, feature = "runner", feature = "emulator"))]

#[path = "../contract/mod.rs"]
mod contract;
#[path = "../http_server/client.rs"]
#[allow(dead_code, reason = "the tests of `http_server` use all of it")]
mod client;
mod commands;
mod crashes;
mod damage;
mod full;
#[path = "../runner/held_server.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod held_server;
#[path = "../runner/process.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod process;
#[path = "../dead_letters/server.rs"]
#[allow(dead_code, reason = "the tests of dead letters use all of it")]
mod server;
mod stops;
