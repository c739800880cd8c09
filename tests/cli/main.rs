//! The command line as an operator types it: transcripts, and what `plan` says against what is sent.
#![cfg(all(unix, feature = "runner", feature = "emulator"))]

mod environment;
mod plan;
#[path = "../runner/process.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod process;
mod transcripts;
