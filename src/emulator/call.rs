//! One request as an operation of the API sees it: decoded, and free of HTTP's transport.

use std::time::Duration;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::answer::{Answer, Refusal};
use super::head::{Head, Told};
use super::merge::Merge;
use super::state::State;
use crate::config::emulator::UnknownProfile;

/// What a route does. It runs under the state's lock, so it neither waits nor blocks.
pub(super) type Operation = fn(&mut State, &mut Call<'_>) -> Result<Answer, Refusal>;

/// The arguments of an operation.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The path as on the wire, without its query.
    pub(super) path: &'a str,
    /// The decoded segments under the pattern's `{…}`, in their order.
    pub(super) captures: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: &'a Bytes,
    pub(super) content: Content<'a>,
    /// The request's number in the log, when it is carried out.
    pub(super) sequence: u64,
    pub(super) now: Duration,
    pub(super) merge: Merge,
    pub(super) unknown_profile: UnknownProfile,
}

/// A body as far as its route looks at it, read before the lock is taken.
#[derive(Debug, Default)]
pub(super) enum Content<'a> {
    Json(Value),
    Event(Head<'a>),
    /// JSON, but no object where only an object will do
    Other,
    /// No JSON, or taken
    #[default]
    Nothing,
}

impl<'a> Content<'a> {
    pub(super) fn json(body: &[u8]) -> Self {
        serde_json::from_slice(body).map_or(Self::Nothing, Self::Json)
    }

    pub(super) fn event(body: &'a [u8]) -> Self {
        let Ok(body) = std::str::from_utf8(body) else {
            return Self::Nothing;
        };
        match serde_json::from_str(body) {
            Ok(head) => Self::Event(head),
            Err(_) if body.trim_start().starts_with('{') => Self::Nothing,
            Err(_) => serde_json::from_str(body).map_or(Self::Nothing, |IgnoredAny| Self::Other),
        }
    }

    fn refused(&self) -> Refusal {
        Refusal::bad_request(match self {
            Self::Nothing => "the request body is not valid JSON",
            Self::Json(_) | Self::Event(_) | Self::Other => {
                "the request body must be a JSON object"
            }
        })
    }

    /// What lists show of it, if it is an event.
    pub(super) fn told(&self) -> Option<Told> {
        match self {
            Self::Event(head) => Some(head.told()),
            Self::Json(_) | Self::Other | Self::Nothing => None,
        }
    }
}

impl<'a> Call<'a> {
    /// The body's object.
    pub(super) fn object(&mut self) -> Result<Map<String, Value>, Refusal> {
        let content = std::mem::take(&mut self.content);
        let Content::Json(Value::Object(object)) = content else {
            return Err(content.refused());
        };
        Ok(object)
    }

    /// The body's event.
    pub(super) fn event(&mut self) -> Result<Head<'a>, Refusal> {
        let content = std::mem::take(&mut self.content);
        let Content::Event(head) = content else {
            return Err(content.refused());
        };
        Ok(head)
    }

    /// The body in memory of its own, for what remembers longer than the log.
    pub(super) fn own_body(&self) -> Bytes {
        Bytes::copy_from_slice(self.body)
    }

    /// The only captured segment.
    pub(super) fn id(&self) -> Result<&str, Refusal> {
        self.captures.first().map(String::as_str).ok_or_else(unrouted)
    }

    /// The two captured segments.
    pub(super) fn ids(&self) -> Result<(&str, &str), Refusal> {
        match self.captures.as_slice() {
            [first, second] => Ok((first, second)),
            _ => Err(unrouted()),
        }
    }

    /// A query member; of several with one name, the first.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

fn unrouted() -> Refusal {
    Refusal::not_found("no such route")
}
