//! The buffer on disk: what is acknowledged is kept, in order, whatever happens to the process, the disk or the file.
#![cfg(all(unix, feature = "runner", feature = "emulator"))]

#[path = "../http_server/client.rs"]
#[allow(dead_code, reason = "the tests of `http_server` use all of it")]
mod client;
mod crashes;
mod damage;
#[path = "../runner/held_server.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod held_server;
mod order;
#[path = "../runner/process.rs"]
#[allow(dead_code, reason = "the runner's tests use all of it")]
mod process;
mod program;
#[path = "../dead_letters/server.rs"]
#[allow(dead_code, reason = "the tests of dead letters use all of it")]
mod server;
mod support;
