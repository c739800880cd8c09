//! The emulated Courier, driven as its callers drive it: through its router, and over a socket.
#![cfg(feature = "emulator")]

mod automations;
mod cancels;
mod classes;
mod conditions;
mod context;
#[path = "../contract/mod.rs"]
mod contract;
mod control;
mod gate;
mod idempotency;
mod inbound;
mod journeys;
mod lists;
mod messages;
mod page;
mod page_follows;
mod page_links;
mod profiles;
mod runs;
mod script;
mod socket;
mod support;
mod tenants;
mod triggers;
mod ways;
mod weather;
