//! The arguments of `courier-sink plan`.

use std::path::PathBuf;

use clap::Args;

/// What to plan, and how to tell it.
#[derive(Debug, Args)]
pub(in crate::cli) struct Plan {
    /// The configuration, in TOML. No API key is needed
    pub(in crate::cli) config: PathBuf,
    /// Recorded events: NDJSON, JSON objects or arrays, packed where the name ends in .gz. Standard input by default
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(in crate::cli) input: PathBuf,
    /// Show only what another configuration would do otherwise
    #[arg(long, value_name = "CONFIG")]
    pub(in crate::cli) diff: Option<PathBuf>,
    /// Only this sink
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) sink: Option<String>,
    /// For people instead of one JSON object a line
    #[arg(long)]
    pub(in crate::cli) pretty: bool,
    /// As if whoever wrote the events were not trusted to bring automations of their own
    #[arg(long)]
    pub(in crate::cli) untrusted: bool,
    /// As if every event had just happened, so that none is too old
    #[arg(long)]
    pub(in crate::cli) ignore_expiry: bool,
}
