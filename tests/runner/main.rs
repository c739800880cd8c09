//! The built binary, run as an operator runs it: real files, real signals, real exit codes, loopback only.
#![cfg(all(feature = "runner", feature = "emulator"))]

mod admin;
mod checkpoints;
mod configs;
mod delivery;
mod following;
mod held_server;
mod process;
mod quickstart;
mod reload;
mod several;
mod shutdown;
