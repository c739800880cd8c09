//! One request as an operation of the API sees it: decoded, and free of HTTP's transport.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::{Answer, Refusal};
use super::merge::Merge;
use super::state::State;
use crate::config::emulator::UnknownProfile;

/// What a route does. It runs under the state's lock, so it neither waits nor blocks.
pub(super) type Operation = fn(&mut State, &mut Call) -> Result<Answer, Refusal>;

/// The arguments of an operation.
#[derive(Debug)]
pub(super) struct Call {
    /// The path as on the wire, without its query.
    pub(super) path: String,
    /// The decoded segments under the pattern's `{…}`, in their order.
    pub(super) captures: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// The body as JSON, read before the lock is taken; of an event its head.
    pub(super) json: Option<Value>,
    pub(super) now: Duration,
    pub(super) merge: Merge,
    pub(super) unknown_profile: UnknownProfile,
}

impl Call {
    /// The body's object.
    pub(super) fn object(&mut self) -> Result<Map<String, Value>, Refusal> {
        match self.json.take() {
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(Refusal::bad_request("the request body must be a JSON object")),
            None => Err(Refusal::bad_request("the request body is not valid JSON")),
        }
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
