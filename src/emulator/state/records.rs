//! What was accepted and can be read back: invocations of automations and journeys, and events of
//! the inbound endpoints.

use std::time::Duration;

use bytes::Bytes;

use super::super::ids::Id;
use super::super::log::Entry;

/// An accepted request to start an automation or a journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The `runId` it was answered with.
    pub run_id: String,
    /// What was to be started.
    pub source: Source,
    /// Whom it is for; an automation may name nobody.
    pub recipient: Option<String>,
    /// The request's body as received.
    pub body: Bytes,
    /// When, since the Unix epoch.
    pub at: Duration,
}

/// What an invocation starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Steps given in the request.
    AdHoc,
    /// The automation template of this id or alias.
    Template(String),
    /// The journey of this id or alias.
    Journey(String),
}

/// An accepted event of an inbound endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundEvent {
    /// Which endpoint took it.
    pub kind: InboundKind,
    /// The event's type, in lower case.
    pub event_type: &'static str,
    /// The event's name, on track, unless it is empty; one that is a number, as it is written.
    pub event: Option<String>,
    /// The `messageId` it was answered with: Courier's own, not the event's.
    pub message_id: String,
    /// The request's body as received.
    pub body: Bytes,
    /// The ids of the runs it started.
    pub runs: Vec<String>,
    /// When, since the Unix epoch.
    pub at: Duration,
}

/// An accepted event as it is kept: the rest is in the log of requests, and goes with it.
#[derive(Debug)]
pub(in super::super) struct Accepted {
    pub(in super::super) kind: InboundKind,
    pub(in super::super) event_type: &'static str,
    pub(in super::super) message_id: Id,
    pub(in super::super) runs: Vec<String>,
    /// The request that brought it
    pub(in super::super) sequence: u64,
}

impl Accepted {
    /// All of it, given the request that brought it.
    pub(in super::super) fn event(&self, Entry { request, told }: &Entry) -> InboundEvent {
        let name = told.as_ref().and_then(|told| told.name.as_deref());
        InboundEvent {
            kind: self.kind,
            event_type: self.event_type,
            event: name.filter(|_| self.event_type == "track").map(str::to_owned),
            message_id: self.message_id.text(),
            body: request.body.clone(),
            runs: self.runs.clone(),
            at: request.at,
        }
    }
}

/// The inbound endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InboundKind {
    /// `POST /inbound/courier`
    Courier,
    /// `POST /inbound/rudderstack`
    RudderStack,
    /// `POST /inbound/segment`
    Segment,
}

impl InboundKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Courier, Self::RudderStack, Self::Segment];

    /// Its name in the path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Courier => "courier",
            Self::RudderStack => "rudderstack",
            Self::Segment => "segment",
        }
    }
}
