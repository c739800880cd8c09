//! One event as the page shows it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::event::EventType;
use crate::telemetry::SkipReason;

/// An event, or what was received in its place.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its place in the order of arrival; it grows from row to row
    pub(crate) number: u64,
    /// When it came, since the Unix epoch
    pub(crate) at: Duration,
    /// Which sink it came to, where several may be shown
    pub(crate) sink: Option<Arc<str>>,
    pub(crate) kind: EventType,
    /// What it is called in the list: its type, or what was made of one
    pub(crate) label: &'static str,
    /// The name of a track event, or what else tells it apart
    pub(crate) name: Option<Arc<str>>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) outcome: Outcome,
    /// What it became, or came as
    pub(crate) requests: Vec<Request>,
    /// What else there is to say, by name
    pub(crate) facts: Vec<(&'static str, Cow<'static, str>)>,
    pub(crate) payload: Bytes,
}

/// A request, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Cow<'static, str>,
    /// As on the wire
    pub(crate) path: Cow<'static, str>,
}

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing yet
    Waiting,
    /// It was answered with this status
    Answered(u16),
    /// Courier took all of it
    Delivered,
    /// There was nothing to do
    Skipped(SkipReason),
    /// It is a dead letter
    Rejected,
    /// It went back to its source
    Errored,
}

impl Outcome {
    /// The name of its colour.
    pub(crate) const fn tone(self) -> &'static str {
        match self {
            Self::Waiting | Self::Skipped(_) => "quiet",
            Self::Answered(200..=299) | Self::Delivered => "good",
            Self::Answered(429) | Self::Errored => "warn",
            Self::Answered(_) | Self::Rejected => "bad",
        }
    }

    /// Whether it went wrong, as far as anybody can tell.
    pub(crate) const fn is_refused(self) -> bool {
        match self {
            Self::Waiting | Self::Answered(200..=299) | Self::Delivered | Self::Skipped(_) => false,
            Self::Answered(_) | Self::Rejected | Self::Errored => true,
        }
    }

    pub(crate) fn text(self) -> String {
        match self {
            Self::Waiting => "waiting".to_owned(),
            Self::Delivered => "delivered".to_owned(),
            Self::Skipped(reason) => format!("skipped: {reason}"),
            Self::Rejected => "rejected".to_owned(),
            Self::Errored => "errored".to_owned(),
            Self::Answered(status) => {
                let reason = http::StatusCode::from_u16(status).ok();
                let reason = reason.and_then(|status| status.canonical_reason());
                reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
            }
        }
    }
}

impl Row {
    /// About what it takes in memory.
    pub(super) fn weight(&self) -> usize {
        let text = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        let requests =
            self.requests.iter().map(|it| it.method.len() + it.path.len()).sum::<usize>();
        let facts = self.facts.iter().map(|(_, value)| value.len()).sum::<usize>();
        size_of::<Self>()
            + text(&self.name)
            + text(&self.user)
            + requests
            + facts
            + self.payload.len()
    }

    /// The event as a trigger is written: `track/Order Completed`, `identify`.
    pub(crate) fn trigger(&self) -> String {
        match (self.kind, &self.name) {
            (EventType::Track, Some(name)) => format!("track/{name}"),
            (kind, _) => kind.as_str().to_owned(),
        }
    }
}
