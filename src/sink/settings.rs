//! The checked settings of one sink, transport excepted.

use std::num::NonZeroUsize;
use std::sync::Arc;

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
    /// How much may be inside at once
    pub buffer: Buffer,
    /// How often, how fast, how many at once
    pub delivery: delivery::Settings,
}

/// The window: what the sink holds at most, from reading an event to its end. When it is full the source waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Events. Default 500, as Vector's memory buffer.
    pub max_events: NonZeroUsize,
    /// Bytes of events and of the requests made of them. Default 128 MiB. The record that reaches the limit is still
    /// taken, so the sink may hold one record more.
    pub max_size: NonZeroUsize,
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
            },
            batch: batch::Limits::default(),
            buffer: Buffer::default(),
            delivery: delivery::Settings::default(),
        }
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
