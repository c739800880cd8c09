//! The arguments of `courier-sink validate`.

use std::path::PathBuf;

use clap::Args;

/// What to look at.
#[derive(Debug, Args)]
pub(in crate::cli) struct Validate {
    /// The configurations, in TOML
    #[arg(required = true, value_name = "CONFIG")]
    pub(in crate::cli) configs: Vec<PathBuf>,
    /// Do not look at the files they name, since those are on another machine
    #[arg(long, conflicts_with = "environment")]
    pub(in crate::cli) no_files: bool,
    /// Look at the world around them too: key, region, DNS, TLS, proxy, one call that changes nothing, clock, disk
    #[arg(long)]
    pub(in crate::cli) environment: bool,
}
