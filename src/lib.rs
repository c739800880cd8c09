//! RudderStack events in, Courier requests out.

// · words: what everything else is said in
pub mod json;
pub mod event;
pub mod courier;
pub mod finalization;
pub mod telemetry;

// · stages: an event's way, in order
pub mod ingest;
pub mod plan;
pub mod batch;
pub mod delivery;
pub mod transport;

// · wholes: stages put together
pub mod sink;
pub mod config;

#[cfg(feature = "emulator")]
pub mod emulator;
