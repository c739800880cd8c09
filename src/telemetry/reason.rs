//! Why an event was not delivered, as labels.

use std::fmt;

/// Why nothing is sent for an event. It ends Delivered and counts as an intentional discard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SkipReason {
    /// An identify without `userId`, and `anonymous_fallback` is off
    Anonymous,
    /// A type that goes nowhere: neither Courier nor a mapping block takes it
    Unsupported,
    /// A track event that no mapping takes, and `unmapped = "skip"`
    Unmapped,
    /// `integrations` keeps the event from Courier
    Integrations,
    /// The user's consent keeps the event from Courier
    Consent,
    /// A group event with neither a tenant to write nor a user to add
    Nothing,
    /// A journey answered that its trigger conditions do not hold
    Filtered,
}

impl SkipReason {
    /// All of them, in the order of their [`SkipReason::index`].
    pub const ALL: [Self; 7] = [
        Self::Anonymous,
        Self::Unsupported,
        Self::Unmapped,
        Self::Integrations,
        Self::Consent,
        Self::Nothing,
        Self::Filtered,
    ];

    /// The position in [`SkipReason::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Anonymous => 0,
            Self::Unsupported => 1,
            Self::Unmapped => 2,
            Self::Integrations => 3,
            Self::Consent => 4,
            Self::Nothing => 5,
            Self::Filtered => 6,
        }
    }

    /// The name used in labels, logs and summaries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Unsupported => "unsupported",
            Self::Unmapped => "unmapped",
            Self::Integrations => "integrations",
            Self::Consent => "consent",
            Self::Nothing => "nothing",
            Self::Filtered => "filtered",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an event ended Rejected, as its dead letter names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejection {
    /// The record is not an event
    Unreadable,
    /// The event cannot become a request
    Refused,
    /// Courier will never take the request
    Answered,
    /// Courier answers 403 to this request and not to others
    Forbidden,
    /// The request cannot be sent
    Unsendable,
    /// An event before it in its lane was rejected, and its followers are to stay behind it
    Follower,
    /// The event has become too old to be sent
    Expired,
}

impl Rejection {
    /// All of them, in the order of their [`Rejection::index`].
    pub const ALL: [Self; 7] = [
        Self::Unreadable,
        Self::Refused,
        Self::Answered,
        Self::Unsendable,
        Self::Forbidden,
        Self::Follower,
        Self::Expired,
    ];

    /// The position in [`Rejection::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Unreadable => 0,
            Self::Refused => 1,
            Self::Answered => 2,
            Self::Unsendable => 3,
            Self::Forbidden => 4,
            Self::Follower => 5,
            Self::Expired => 6,
        }
    }

    /// The name used in labels, logs and dead letters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::Answered => "answered",
            Self::Forbidden => "forbidden",
            Self::Unsendable => "unsendable",
            Self::Follower => "follower",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
