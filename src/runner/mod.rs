//! Runs a configuration: sources, dead letters, checkpoints, shutdown, summary.

pub mod source;
