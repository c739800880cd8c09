//! The arguments of `courier-sink generate`, `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What to begin with.
#[derive(Debug, Args)]
pub(in crate::cli) struct Generate {
    /// Where events come from
    #[arg(value_enum, default_value = "file")]
    pub(in crate::cli) source: Source,
    /// Every option there is, each with its default, whatever the source
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

/// A type of sources.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(in crate::cli) enum Source {
    /// Files, followed as they grow
    File,
    /// RudderStack's SDKs and webhooks
    HttpServer,
    /// A Vector in front
    Vector,
    /// Standard input
    Stdin,
}

/// Where manual pages go.
#[derive(Debug, Args)]
pub(in crate::cli) struct Man {
    /// A folder for the pages of all commands; without it the first page goes to standard output
    pub(in crate::cli) folder: Option<PathBuf>,
}
