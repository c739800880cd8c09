//! Runs a configuration: sources, dead letters, checkpoints, shutdown, summary.
//!
//! In: a [`Config`](crate::config::Config) and a [`Context`] of time, chance and signals. Out: an [`Outcome`]. It reads
//! no environment and prints nothing; it may spawn, and all it spawns has ended when [`run`] has, save for a thread
//! that waits for standard input.

mod active;
pub mod api;
mod base64;
pub mod buffer;
mod check;
pub mod checkpoint;
pub mod dead_letters;
mod drive;
mod environment;
#[cfg(feature = "emulator")]
mod emulated;
mod error;
mod exit;
pub mod journal;
mod key_file;
mod listener;
mod reload;
mod signals;
pub mod source;
mod summary;
mod topology;
#[cfg(feature = "opentelemetry")]
pub mod traces;
mod watch;

pub use check::{Files, check, check_files, doubts};
pub use environment::{Finding, Verdict, look_around};
pub use error::RunError;
pub use exit::Exit;
pub use reload::reloads;
pub use signals::{hangups, signals};
pub use summary::{InputEnd, Summaries, Summary};
pub use topology::{Context, Outcome, run};
pub use watch::Watch;
