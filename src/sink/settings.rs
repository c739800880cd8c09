//! The checked settings of one sink, transport excepted.

use std::num::NonZeroUsize;

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

impl Default for Buffer {
    fn default() -> Self {
        Self {
            max_events: const { NonZeroUsize::new(500).unwrap() },
            max_size: const { NonZeroUsize::new(128 << 20).unwrap() },
        }
    }
}
