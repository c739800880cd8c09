//! The stages put together: [`CourierSink`], as a stream sink and as a tower service.
//!
//! In: records. Out: each event's status to its finalizer, dead letters to whoever keeps them. A status is told in
//! one place, `worker`, and every event comes to exactly one.

mod arrivals;
mod cargo;
mod courier_sink;
mod dead_letter;
mod deadlines;
mod expiration;
mod gauges;
mod healthcheck;
mod in_flight;
mod inspect;
mod letters;
mod lifetimes;
mod pace;
mod record;
mod reload;
mod resume;
mod service;
mod settings;
mod traits;
mod window;
mod worker;

pub use courier_sink::{Context, CourierSink, Transport};
pub use dead_letter::{
    DeadLetter, DeadLetterError, DeadLetters, Identity, KeepFuture, LogOnly, Refused,
};
pub use expiration::{Expiration, ExpiresFrom};
pub use healthcheck::healthcheck;
pub use inspect::{Inspector, Snapshot, Upstream};
pub use lifetimes::{Behind, Life, Lifetimes};
pub use pace::Pace;
pub use record::{Payload, Record};
pub use reload::{NotLive, Reload};
pub use resume::Resume;
pub use service::{Closed, Handle, Response, Worker};
pub use settings::{Buffer, OnRejected, Order, Settings};
pub use traits::{Healthcheck, HealthcheckError, SinkConfig, StreamSink};
