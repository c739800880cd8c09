//! The hold: nothing goes but a probe now and then, until Courier lets something through.

use std::fmt;
use std::time::Duration;

/// Why everything is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// 401: the API key is not known
    Unauthorized,
    /// 403: the API key may not do this, or a single request is not let; which of them the next success tells
    Forbidden,
}

/// A hold that is on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) reason: HoldReason,
    pub(super) next_probe: Duration,
    /// How many attempts had been admitted when it began.
    pub(super) since: u64,
}

impl Hold {
    /// Whether a success of attempt `number` ends it. One from before says nothing: its key may have been taken then
    /// and not be any more.
    pub(super) const fn ends_with(&self, number: u64) -> bool {
        number >= self.since
    }
}

impl HoldReason {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Unauthorized, Self::Forbidden];

    /// The name used in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthorized => "Courier answers 401: the API key is wrong",
            Self::Forbidden => "Courier answers 403: the API key may not do this",
        })
    }
}
