//! The arguments of `courier-sink why`.

use std::path::PathBuf;

use clap::Args;

/// Whose life, and where it is written.
#[derive(Debug, Args)]
pub(in crate::cli) struct Why {
    /// The event's `messageId`
    pub(in crate::cli) message_id: String,
    /// A configuration, in TOML, whose sinks' journals are meant, or a journal
    #[arg(required = true, value_name = "CONFIG|FILE")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// One JSON object a line instead of a table
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
