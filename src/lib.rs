//! RudderStack events in, Courier requests out.

// · words: what everything else is said in
pub mod json;
pub mod event;
pub mod courier;
pub mod finalization;

// · stages: an event's way, in order
pub mod delivery;
pub mod transport;

#[cfg(feature = "emulator")]
pub mod emulator;
