//! Runs a configuration: sources, dead letters, checkpoints, shutdown, summary.

pub mod checkpoint;
pub mod clock;
pub mod dead_letters;
mod exit;
pub mod source;
mod summary;

pub use exit::Exit;
pub use summary::{InputEnd, Summary};
