//! A local Courier for trying mappings and for tests: the API's routes with their semantics, its
//! state, and a log of the requests it saw.
//!
//! In: HTTP requests, over a socket ([`Emulator`]) or straight into [`Courier::router`].
//! Out: the answers Courier documents; where it documents nothing, the choice is said where it is
//! made. It knows nothing of RudderStack's vocabulary beyond what Courier itself reads, and nothing
//! of the rest of this crate but how it is configured and what things are called: whoever tests against it tests against a
//! stranger.

mod answer;
mod auth;
mod automation;
mod body;
mod call;

mod connections;
mod courier;
mod ending;
mod exchange;
mod head;
mod idempotency;
mod ids;
mod judge;
mod log;
mod members;
mod merge;
mod observer;
mod outbox;
mod page;
mod paging;
mod path;
mod preferences;
mod retention;
mod routes;
mod script;
mod server;
mod settings;
mod state;
mod summary;
mod times;
mod weather;

pub use crate::clock::Clock;
pub use courier::Courier;
pub use log::LoggedRequest;
pub use merge::Merge;
pub use observer::Exchange;
pub use script::{Scripted, Stage};
pub use server::Emulator;
pub use settings::Settings;
pub use state::{
    InboundEvent, InboundKind, Invocation, JourneyState, Link, List, Message, MessageStatus, Run,
    RunStatus, RunStep, Source, StartedBy, StepStatus, Subscription, Template,
};
pub use summary::{RouteCount, Summary};
