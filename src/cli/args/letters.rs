//! The arguments of `courier-sink dead-letters`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use crate::runner::dead_letters::{EventFilter, parse_age};
use crate::telemetry::Rejection;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DeadLetters {
    /// List letters, one a line
    Ls {
        /// The file of dead letters
        file: PathBuf,
        #[command(flatten)]
        filter: Filters,
        /// One JSON object a line instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show whole letters, their records included
    Show {
        /// The file of dead letters
        file: PathBuf,
        /// A message id, or a number of `ls`
        letter: String,
    },
    /// Send letters again, and take those that were delivered out of the file
    ///
    /// A letter goes on where its event was left: steps that were done are not done again. One that an answer refused
    /// gets new idempotency keys, one that was never answered keeps its own. What is refused again or cannot be
    /// delivered stays in the file, with its new reason.
    ///
    /// Letters of events that expired are not sent, and counted. Others are sent under the limits of the configuration:
    /// what has become too old since ends as `expired` and stays in the file. With --ignore-expiry no event is too old.
    ///
    /// A running sink may go on writing to the file: it is put aside (FILE.replaying), the sink begins another, and what
    /// stays is put back at the end. After a crash the next `replay` or `drop` puts back what was not delivered.
    ///
    /// Lanes and pace are this process's own: a sink that runs at the same time knows nothing of them. An event of a
    /// user that the sink delivers now may pass, or be passed by, one of the same user that is replayed, and both
    /// together may be as fast as both are allowed.
    Replay(Replay),
    /// Remove letters for good
    Drop {
        /// The file of dead letters
        file: PathBuf,
        #[command(flatten)]
        filter: Filters,
        /// Do it; otherwise it is only said how many it would be
        #[arg(long)]
        yes: bool,
    },
}

/// What a replay is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct Replay {
    /// The file of dead letters
    pub(in crate::cli) file: PathBuf,
    /// The configuration whose sink sends them, in TOML
    #[arg(long)]
    pub(in crate::cli) config: PathBuf,
    /// Which of its sinks; by default its only one, else the one whose dead letters these are
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) sink: Option<String>,
    /// Send identify and group events too, which may overwrite what newer events wrote since
    #[arg(long)]
    pub(in crate::cli) allow_stale: bool,
    /// Send events too that have become too old, whatever limits the configuration sets
    #[arg(long)]
    pub(in crate::cli) ignore_expiry: bool,
    #[command(flatten)]
    pub(in crate::cli) filter: Filters,
}

/// Which letters. Options that are given must all match; of one given more than once, any.
#[derive(Debug, Args)]
pub(in crate::cli) struct Filters {
    /// Only letters with this reason
    #[arg(long, value_parser = PossibleValuesParser::new(reasons()))]
    pub(in crate::cli) reason: Vec<String>,
    /// Only events of this type, or track events of this name
    #[arg(long, value_name = "TYPE|track/NAME")]
    pub(in crate::cli) event: Vec<EventFilter>,
    /// Only events of this user: `userId`, else `anonymousId`
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) user: Vec<String>,
    /// Only the event with this message id
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) message_id: Vec<String>,
    /// Only letters written longer ago: 90s, 15m, 2h, 7d, 1w
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub(in crate::cli) older_than: Option<Duration>,
    /// Only letters written less long ago
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub(in crate::cli) newer_than: Option<Duration>,
}

/// What a letter can name as its reason: why an event was rejected, that a replay was in vain, or that it is no letter.
fn reasons() -> impl Iterator<Item = &'static str> {
    Rejection::ALL.iter().map(|reason| reason.as_str()).chain(["errored", "damaged"])
}
