//! What the design is for, on a paused clock: the order of layers beside the one its peers use, what merging saves (the
//! tables of `docs/layers.md` hold the numbers, and are compared), and that what is sent again is done once.
#![cfg(feature = "emulator")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test's set-up is a failed test"
)]

#[path = "../contract/mod.rs"]
mod contract;
mod document;
mod emulated;
mod layers;
mod merged_state;
mod merging;
mod once;
mod stacks;
