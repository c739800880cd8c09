//! What becomes of one event in one sink.

use std::sync::Arc;

use super::request::{Planned, requests};
use super::sinks::Sink;
use crate::clock::Time;
use crate::event::{Event, Id, Origin};
use crate::ingest::DecodeError;
use crate::plan::{self, Plan};
use crate::telemetry::{Rejection, SkipReason};

/// One event, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) sink: Arc<str>,
    /// Where it stands, as in `file:line`
    pub(super) origin: String,
    /// Absent where the record is no event
    pub(super) event: Option<Known>,
    pub(super) outcome: Outcome,
    /// Whether it brought an automation that is not trusted
    pub(super) ignored_inline: bool,
}

/// What is known of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The type, and the name of a track event
    pub(super) name: String,
    pub(super) message_id: String,
    /// Whether the id had to be made
    pub(super) is_made: bool,
    pub(super) user: Option<String>,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// These requests
    Requests(Vec<Planned>),
    /// Nothing, on purpose
    Skipped(SkipReason),
    /// A dead letter
    Rejected(Rejection, String),
}

impl Entry {
    /// What becomes of `event`; nothing is too old where `now` is absent.
    pub(super) fn of(
        event: Result<Event, DecodeError>,
        origin: &Origin,
        sink: &Sink,
        now: Option<Time>,
    ) -> Self {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                let origin = error.origin.to_string();
                return Self::unreadable(sink, origin, error.problem.to_string());
            }
        };
        let plan::Planned { plan, ignored_inline } = plan::plan(&event, &sink.settings.rules);
        let outcome = match plan {
            Plan::Skip(reason) => Outcome::Skipped(reason),
            Plan::Refuse(refusal) => Outcome::Rejected(Rejection::Refused, refusal.to_string()),
            Plan::Steps(steps) => match too_old(&event, sink, now) {
                Some(detail) => Outcome::Rejected(Rejection::Expired, detail),
                None => {
                    let plan = |(at, step)| requests(at, step, &sink.settings, &sink.endpoint);
                    let all: Result<Vec<_>, _> = steps.into_iter().enumerate().map(plan).collect();
                    match all {
                        Ok(requests) => Outcome::Requests(requests.concat()),
                        Err(detail) => Outcome::Rejected(Rejection::Unsendable, detail),
                    }
                }
            },
        };
        Self {
            sink: Arc::clone(&sink.name),
            origin: origin.to_string(),
            event: Some(Known::of(&event)),
            outcome,
            ignored_inline: ignored_inline.is_some(),
        }
    }

    /// A record that is no event.
    pub(super) fn unreadable(sink: &Sink, origin: String, detail: String) -> Self {
        Self {
            sink: Arc::clone(&sink.name),
            origin,
            event: None,
            outcome: Outcome::Rejected(Rejection::Unreadable, detail),
            ignored_inline: false,
        }
    }
}

fn too_old(event: &Event, sink: &Sink, now: Option<Time>) -> Option<String> {
    let expiration = &sink.settings.expiration;
    let (limit, age) = (expiration.limit(event)?, expiration.age(event, now?).unwrap_or_default());
    let limit_secs = limit.as_secs_f64();
    (age >= limit)
        .then(|| format!("the event is {} s old and expires after {limit_secs} s", age.as_secs()))
}

impl Known {
    fn of(event: &Event) -> Self {
        let name = match &event.name {
            Some(name) => format!("{}/{name}", event.kind),
            None => event.kind.to_string(),
        };
        let user = event.user_id.as_ref().map(Id::as_str);
        let user = user.or_else(|| event.anonymous_id.as_ref().map(Id::as_str));
        Self {
            name,
            message_id: event.message_id.as_str().to_owned(),
            is_made: event.message_id_was_made,
            user: user.map(str::to_owned),
        }
    }
}
