//! The contract itself: that all of it is tried, that it sees what is wrong, and what other processes logged.
#![cfg(feature = "emulator")]

mod calls;
#[path = "mod.rs"]
mod contract;
mod recorded;
mod sight;
