//! Why a run could not start.

use std::io;
use std::net::SocketAddr;

use super::Exit;
use super::buffer::BufferError;
use super::checkpoint::CheckpointError;
use super::dead_letters;
use super::journal;
use super::source::SourceError;
use crate::config;

/// A run could not start; nothing was read and nothing sent.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration cannot run here
    #[error("{0}")]
    Config(String),
    /// The sink cannot be built: its key or certificate files are wrong
    #[error(transparent)]
    Build(#[from] config::BuildError),
    /// Checkpoints cannot be used
    #[error(transparent)]
    Checkpoints(#[from] CheckpointError),
    /// Dead letters cannot be kept
    #[error(transparent)]
    DeadLetters(#[from] dead_letters::OpenError),
    /// A buffer cannot be used
    #[error(transparent)]
    Buffer(#[from] BufferError),
    /// A journal cannot be opened
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
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
    /// The admin endpoint cannot listen
    #[error("the admin endpoint cannot listen on {address}: {error}")]
    Api {
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
            Self::Config(_) | Self::Build(_) | Self::Buffer(BufferError::LeftBehind { .. }) => {
                Exit::Config
            }
            Self::Source(_) => Exit::Source,
            Self::Checkpoints(_)
            | Self::DeadLetters(_)
            | Self::Buffer(_)
            | Self::Journal(_)
            | Self::Emulator { .. }
            | Self::Api { .. }
            | Self::Signals(_) => Exit::Internal,
        }
    }
}
