//! The checked settings of one sink, transport excepted.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::Expiration;
use crate::{batch, delivery, ingest, plan};

/// Everything a sink depends on besides its transport.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is read
    pub ingest: ingest::Limits,
    /// What it means
    pub rules: plan::Rules,
    /// When it goes
    pub batch: batch::Limits,
    /// What those who wait in a lane have to bear
    pub order: Order,
    /// How much may be inside at once
    pub buffer: Buffer,
    /// How often, how fast, how many at once
    pub delivery: delivery::Settings,
    /// How old events may become
    pub expiration: Expiration,
}

/// The window: what the sink holds, from reading an event to its end. When it is full the source waits.
///
/// One user (an event without one counts for its tenant) owns at most a tenth of it. What a stuck user's events take
/// beyond that is counted apart, in an overflow of the same size, so that others keep nine tenths. A stream cannot wait
/// for one user only: it waits as a whole once the overflow is full as well. So the sink holds at most twice this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Events. Default 500, as Vector's memory buffer.
    pub max_events: NonZeroUsize,
    /// Bytes of events and of the requests made of them. Default 128 MiB. The record that reaches the limit is still
    /// taken, so the sink may hold one record more.
    pub max_size: NonZeroUsize,
}

/// What becomes of events that wait in a lane for the one at its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// When the head is Rejected. Default: they go on.
    pub on_rejected: OnRejected,
    /// How long a head may keep them waiting before it ends Errored, and they with it. Default one hour. Neither time
    /// under a hold counts, nor under a pause of its class, nor before its first turn has come at the agreed pace. A
    /// head that nobody waits for is tried for as long as its attempts last; what is still under way for an event that is
    /// to end Errored has this long to end.
    pub max_wait: Duration,
}

/// What becomes of those who wait in a lane when its head is Rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRejected {
    /// They go on
    #[default]
    Skip,
    /// They are Rejected as well, each with a dead letter, so that they can be sent again behind it
    DeadLetterFollowers,
}

impl Settings {
    /// What every option's default makes of a sink called `name`: direct mode, nothing mapped. The name is part of
    /// every idempotency key, so it should stay the same.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            ingest: ingest::Limits::default(),
            rules: plan::Rules {
                sink: name.into(),
                mode: plan::Mode::Direct(Box::default()),
                integrations: plan::Integrations::default(),
                consent: None,
                inline: plan::Inline::default(),
                ordering: plan::Ordering::default(),
            },
            batch: batch::Limits::default(),
            order: Order::default(),
            buffer: Buffer::default(),
            delivery: delivery::Settings::default(),
            expiration: Expiration::default(),
        }
    }
}

impl Default for Order {
    fn default() -> Self {
        Self { on_rejected: OnRejected::default(), max_wait: Duration::from_secs(3600) }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self {
            max_events: const { NonZeroUsize::new(500).unwrap() },
            max_size: const { NonZeroUsize::new(128 << 20).unwrap() },
        }
    }
}
