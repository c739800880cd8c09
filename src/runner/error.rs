//! Why a run could not start.

use std::io;
use std::net::SocketAddr;

use super::Exit;
use super::checkpoint::CheckpointError;
use super::dead_letters;
use super::source::SourceError;
use crate::{config, transport};

/// A run could not start; nothing was read and nothing sent.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration cannot run here
    #[error("{0}")]
    Config(String),
    /// The key cannot be had
    #[error(transparent)]
    Key(#[from] config::BuildError),
    /// The transport cannot be built
    #[error(transparent)]
    Transport(#[from] transport::BuildError),
    /// Checkpoints cannot be used
    #[error(transparent)]
    Checkpoints(#[from] CheckpointError),
    /// Dead letters cannot be kept
    #[error(transparent)]
    DeadLetters(#[from] dead_letters::OpenError),
    /// A source cannot start
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The emulator cannot listen
    #[error("the emulator cannot listen on {address}: {error}")]
    Emulator {
        /// Where
        address: SocketAddr,
        /// Why not
        error: io::Error,
    },
    /// Signals cannot be heard
    #[error("signals cannot be received: {0}")]
    Signals(io::Error),
}

impl RunError {
    /// The exit code it ends in.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Key(_) | Self::Transport(_) => Exit::Config,
            Self::Source(_) => Exit::Source,
            Self::Checkpoints(_)
            | Self::DeadLetters(_)
            | Self::Emulator { .. }
            | Self::Signals(_) => Exit::Internal,
        }
    }
}
