//! RudderStack events in, Courier requests out.

#[cfg(feature = "emulator")]
pub mod emulator;
