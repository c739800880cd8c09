//! The built binary, run as an operator runs it: real files, real signals, real exit codes, loopback only.
#![cfg(all(feature = "runner", feature = "emulator"))]

#[path = "../contract/mod.rs"]
mod contract;
mod admin;
mod backlog;
mod checkpoints;
mod configs;
mod constraints;
mod dashboard;
mod delivery;
mod demo;
mod following;
mod following_ends;
mod held_server;
mod logging;
mod package;
mod page;
#[path = "../wire/pki.rs"]
#[allow(clippy::unwrap_used, reason = "a failed step of a test's set-up is a failed test")]
mod pki;
mod process;
mod quickstart;
mod reload;
mod reload_secrets;
#[path = "../wire/server.rs"]
#[allow(clippy::unwrap_used, dead_code, reason = "the tests of the transport use all of it")]
mod server;
mod several;
mod shutdown;
