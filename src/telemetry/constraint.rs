//! What keeps a sink from going faster.

use std::fmt;

/// What keeps a sink from going faster, of several the one most of the work waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Constraint {
    /// Courier does not take the API key: everything waits for one that it does
    Hold,
    /// Courier has asked for a pause
    Pause,
    /// The rate that is configured or was found
    Rate,
    /// As many requests are under way as may be
    Concurrency,
    /// What failed waits: inside for its next attempt, or at its source, which gives it again
    Retry,
    /// Events wait for an earlier one of the same user or tenant
    Order,
    /// The memory buffer is full of what is under way
    Buffer,
    /// The open batch waits for more
    Batch,
    /// Nothing: the source brings no more
    Source,
}

impl Constraint {
    /// All of them, in the order of their [`Constraint::index`].
    pub const ALL: [Self; 9] = [
        Self::Hold,
        Self::Pause,
        Self::Rate,
        Self::Concurrency,
        Self::Retry,
        Self::Order,
        Self::Buffer,
        Self::Batch,
        Self::Source,
    ];

    /// The position in [`Constraint::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Hold => 0,
            Self::Pause => 1,
            Self::Rate => 2,
            Self::Concurrency => 3,
            Self::Retry => 4,
            Self::Order => 5,
            Self::Buffer => 6,
            Self::Batch => 7,
            Self::Source => 8,
        }
    }

    /// The name used in labels, logs and the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Pause => "pause",
            Self::Rate => "rate",
            Self::Concurrency => "concurrency",
            Self::Retry => "retry",
            Self::Order => "order",
            Self::Buffer => "buffer",
            Self::Batch => "batch",
            Self::Source => "source",
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
