//! The arguments of `demo`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;

use clap::ValueEnum;

/// What the demonstration is like.
#[derive(Debug, clap::Args)]
pub(in super::super) struct Demo {
    /// Events a second
    #[arg(long, value_name = "NUMBER", default_value_t = 10.0)]
    pub(in super::super) rate: f64,
    /// How many people there are
    #[arg(long, value_name = "NUMBER", default_value = "200")]
    pub(in super::super) users: NonZeroUsize,
    /// How many seconds it takes; without it, until Ctrl-C
    #[arg(long, value_name = "SECONDS")]
    pub(in super::super) duration: Option<f64>,
    /// Which of Courier's endpoints events go to, as a sink's `mode` says
    #[arg(long, value_enum, default_value_t = Mode::Direct)]
    pub(in super::super) mode: Mode,
    /// Where the local Courier and its page listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(in super::super) address: SocketAddr,
    /// The same seed gives the same people, who do the same things
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(in super::super) seed: u64,
}

/// A sink's `mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Mode {
    /// The endpoint made for each thing
    Direct,
    /// Everything to /inbound/rudderstack
    Inbound,
}

impl Mode {
    pub(in super::super) const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Inbound => "inbound",
        }
    }
}
