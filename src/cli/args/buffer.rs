//! The arguments of `courier-sink buffer`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Buffer {
    /// List the records that wait, one a line, the oldest first
    Ls {
        #[command(flatten)]
        which: Which,
        /// One JSON object a line instead of a table
        #[arg(long)]
        json: bool,
        /// What the records hold, too, which is personal data
        #[arg(long)]
        payload: bool,
    },
    /// Say how many records wait, how much they take, how old they are and what is damaged
    Stats {
        #[command(flatten)]
        which: Which,
        /// One JSON object a buffer
        #[arg(long)]
        json: bool,
    },
}

/// Which buffers.
#[derive(Debug, Args)]
pub(in crate::cli) struct Which {
    /// A configuration, in TOML, whose sinks' buffers are meant, or the file of one buffer
    #[arg(value_name = "CONFIG|FILE")]
    pub(in crate::cli) path: PathBuf,
    /// Only the buffer of this sink
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) sink: Option<String>,
}
