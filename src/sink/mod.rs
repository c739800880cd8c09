//! The stages put together: `CourierSink`.

mod dead_letter;
mod record;
mod settings;
mod traits;

pub use dead_letter::{
    DeadLetter, DeadLetterError, DeadLetters, Identity, KeepFuture, LogOnly, Refused,
};
pub use record::{Payload, Record};
pub use settings::{Buffer, Settings};
pub use traits::{Healthcheck, HealthcheckError, SinkConfig, StreamSink};
