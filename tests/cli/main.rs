//! The command line as an operator types it: transcripts, and what `plan` says against what is sent.
#![cfg(all(unix, feature = "runner", feature = "emulator"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test's set-up is a failed test"
)]

#[path = "../contract/mod.rs"]
mod contract;
mod environment;
mod environment_verdicts;
mod generated;
#[path = "../wire/pki.rs"]
mod pki;
mod plan;
#[path = "../runner/process.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod process;
#[path = "../wire/server.rs"]
#[allow(dead_code, reason = "the transport's tests use all of it")]
mod server;
mod status;
mod transcripts;
