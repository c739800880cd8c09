//! The admin endpoint: how the process and its destinations stand, for probes, for Prometheus and for people.
//!
//! In: the sinks of a run, which are asked when somebody asks. Out: `/live`, `/ready`, `/metrics` and `/status`, which
//! hold no secret and no id; and `/page`, which shows events, where that is asked for. It changes nothing.

mod board;
mod client;
mod disk;
mod events_page;
mod page;
mod readiness;
mod routes;
mod server;
mod status;
#[cfg(test)]
mod tests;

pub use client::{AskError, ask};
pub use status::{Backlog, SinkStatus, Status};

pub(super) use board::{Board, Health, Watched};
pub(super) use disk::Disk;
pub(super) use events_page::{EventsPage, ShownSink};
pub(super) use page::MetricsPage;
pub(super) use server::Server;
