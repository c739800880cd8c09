//! TOML text -> raw (as written) -> settings (checked), with every mistake reported at once.
//!
//! In: the text, and a function that knows the environment; nothing here reads files or the environment, save that
//! [`CourierConfig::transport_settings`] reads the key file. Out: [`Config`], or [`Mistakes`] with path, line and
//! remedy for each. Option names and defaults are those of Vector's `http` sink where it has the option. It does not
//! know who runs what is configured.
//!
//! What is as written lives in `reader`, `block` and `item`; each other file reads a part into what a stage asks for, and
//! lists its options with their defaults.

mod api;
mod automation;
mod block;
mod buffer;
mod build;
mod courier;
mod document;
pub mod emulator;
mod expiration;
mod interpolate;
mod item;
mod locate;
mod mistake;
mod network;
mod order;
mod pace;
mod reader;
mod request;
mod rules;
mod schema;
mod sink;
mod source;
mod steps_json;
mod traces;
#[cfg(test)]
mod tests;

pub use api::{API_ADDRESS, ApiConfig};
pub use buffer::{DiskBuffer, WhenFull};
pub use courier::{
    ApiKeySource, BuildError, CourierConfig, DeadLetterConfig, HealthcheckConfig, JournalConfig,
};
pub use document::Config;
pub use emulator::EmulatorConfig;
pub use locate::locate;
#[cfg(feature = "runner")]
pub(crate) use mistake::share_texts;
pub use mistake::{Mistake, Mistakes, Texts};
pub use schema::SCHEMA;
pub use sink::Sink;
pub use source::{
    DoorConfig, FileOrder, FileSource, FollowFiles, HttpServerSource, ReadFrom, ServerTls, Source,
    SourceKind, VectorSource, WriteKey, WriteKeyError, WriteKeyHash, WriteKeys,
};
pub use traces::TracesConfig;
