//! Where a record came from: for messages to people, and for ids that must be the same when it is read again.

use std::fmt;
use std::sync::Arc;

/// Where one record came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What to call the place: a file's path, `stdin`, the name of a source.
    pub name: Arc<str>,
    /// The line the record starts on, counted from 1, where there are lines; of events that were sent together over HTTP,
    /// which of them it is.
    pub line: Option<u64>,
    /// What the ids of events without `messageId` and without times are made of.
    pub seed: Seed,
    /// How far whoever wrote the record is trusted.
    pub trust: Trust,
}

/// Whether whoever wrote a record may bring automations of their own.
///
/// A write key of a web page or an app is public, so what comes with it may be anybody's. What such an event says of
/// `steps` and `template` in `properties.courier.automation` is ignored and counted, whatever the rules of a sink allow;
/// its `data` is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// As far as the rules of the sink go. The default: files, standard input and embedders are the operator's own.
    #[default]
    Trusted,
    /// Not to bring automations.
    Untrusted,
}

/// The last resort for the id of an event that names neither a `messageId` nor a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// A position that will hold the same record when it is read again.
    Position {
        /// A fingerprint of the content, not of the name.
        fingerprint: u128,
        /// Bytes from the start of the (decompressed) content.
        offset: u64,
    },
    /// Random bits: two equal calls without times are two events.
    Random(u128),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
