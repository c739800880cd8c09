//! The arguments.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::API_ADDRESS;

pub(super) mod buffer;
#[cfg(feature = "emulator")]
pub(super) mod demo;
pub(super) mod generate;
pub(super) mod letters;
pub(super) mod plan;
pub(super) mod validate;
pub(super) mod why;

/// Delivers RudderStack events to Courier: in order per user, never faster than Courier allows, nothing lost
#[derive(Debug, Parser)]
#[command(name = "courier-sink", version)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
    /// What is logged to standard error: error, warn, info, debug, trace, or filters as RUST_LOG takes them, which
    /// counts where this is absent [default: info]
    #[arg(long, global = true, value_name = "LEVEL", display_order = 900)]
    pub(super) log_level: Option<String>,
    /// How it is written: for people, or one JSON object a line
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", display_order = 901)]
    pub(super) log_format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read events and deliver them until their end, SIGINT or SIGTERM; a second signal stops at once
    Run {
        /// The configuration, in TOML; SIGHUP loads it again, whole or not at all
        config: PathBuf,
        /// Load the configuration again as well whenever it or a certificate file it names has changed
        #[arg(short, long)]
        watch_config: bool,
    },
    /// Check configurations without running them: every mistake, with its line and what to do
    Validate(validate::Validate),
    /// Show the requests that recorded events would become; nothing is sent
    ///
    /// One JSON object a line: an event with its requests, or why there are none, and at last the totals of each sink.
    /// A tenant that is merged is shown as if it were new, after the GET it depends on. The exit code is 65 where an
    /// event would become a dead letter.
    Plan(plan::Plan),
    /// Print a configuration to begin with, its options explained
    Generate(generate::Generate),
    /// Print the JSON Schema of configurations, from which editors complete
    Schema,
    /// Print what makes a shell complete the command line
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write those of all commands to a folder
    Man(generate::Man),
    /// Ask a run that is under way how it stands; its configuration needs an `[api]` block
    Status(Status),
    /// List, show, send again or remove dead letters
    #[command(subcommand)]
    DeadLetters(letters::DeadLetters),
    /// Tell one event's life: what it became, each attempt, what that waited for, and its end
    ///
    /// Out of the journals of sinks that have a block `[sinks.NAME.journal]`.
    Why(why::Why),
    /// Look at buffers on disk
    #[command(subcommand)]
    Buffer(buffer::Buffer),
    /// Watch events of made-up people arrive at a local Courier, on its page
    #[cfg(feature = "emulator")]
    Demo(demo::Demo),
    /// Run a local Courier to try things against
    #[cfg(feature = "emulator")]
    Emulate(Emulate),
}

/// Whom to ask, and how often.
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    /// The configuration of the run, in TOML, whose `[api]` block says where to ask
    #[arg(conflicts_with = "address")]
    pub(super) config: Option<PathBuf>,
    /// Where its admin endpoint listens
    #[arg(long, value_name = "HOST:PORT", default_value_t = API_ADDRESS)]
    pub(super) address: SocketAddr,
    /// Ask again every second, until interrupted
    #[arg(long)]
    pub(super) watch: bool,
}

/// What the emulator is told.
#[cfg(feature = "emulator")]
#[derive(Debug, clap::Args)]
pub(super) struct Emulate {
    /// A configuration in TOML, whose `[emulator]` it is; what stands beside it is checked and not run
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Where it listens; port 0 takes a free one, which the first line of output names
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "config")]
    pub(super) address: Option<String>,
    /// A file with the one API key that is accepted; without it any is
    #[arg(long, value_name = "FILE")]
    pub(super) api_key_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }
}
