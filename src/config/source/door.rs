//! What every source that is sent to has: how long a request waits for its answer, and how much may be under way.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::config::block::Block;

/// The options of a source that answers whoever sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorConfig {
    /// `acknowledgement_timeout_secs`: how long a request waits until all of its events are safe; then it is answered
    /// that it is not known, and a resend waits for the same events. Default 10: the shortest patience among RudderStack's
    /// SDKs is Python's, 15.
    pub acknowledgement_timeout: Duration,
    /// `recent_events`: how many events that are safe are remembered, so that a resend is answered and not sent. Default
    /// 100 000, which takes about 10 MB.
    pub recent_events: NonZeroUsize,
    /// `max_in_flight_bytes`: how much all requests together may hold, from when they are read until their events have
    /// ended; what comes on top is answered at once that it is too much. A request that is alone is always taken. Default
    /// 64 MiB, half of a sink's `buffer.max_size`.
    pub max_in_flight_bytes: NonZeroUsize,
}

const RECENT_EVENTS: NonZeroUsize = const { NonZeroUsize::new(100_000).unwrap() };
const MAX_IN_FLIGHT_BYTES: NonZeroUsize = const { NonZeroUsize::new(64 << 20).unwrap() };

pub(super) fn read(block: &mut Block<'_>) -> DoorConfig {
    let timeout = "acknowledgement_timeout_secs";
    DoorConfig {
        acknowledgement_timeout: block.seconds(timeout, Duration::from_secs(10)),
        recent_events: block.count("recent_events", 100_000_000, RECENT_EVENTS),
        max_in_flight_bytes: block.count("max_in_flight_bytes", i64::MAX, MAX_IN_FLIGHT_BYTES),
    }
}
