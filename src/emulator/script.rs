//! Answers that a test puts in the way of the next requests. In process only; a script is as long
//! as the test that writes it.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::answer::Answer;
use super::log::LoggedRequest;

/// An answer given instead of the emulator's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Scripted {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How far the request gets before it is answered so.
    pub stage: Stage,
    /// How long the answer takes; what the request does, it does before.
    pub delay: Duration,
}

/// How far a request gets before its scripted answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Turned away at the door: nothing is done, and no idempotency key remembers the answer. For
    /// 401, 429, 503.
    Gateway,
    /// The endpoint began and failed: nothing is done, but its idempotency key replays the answer.
    Handler,
    /// All was done, and only then it is answered so; its idempotency key replays the answer.
    Committed,
}

impl Scripted {
    /// An answer at once, with a body in Courier's error shape: at the gateway for 4xx, in the
    /// handler for 5xx.
    pub fn error(status: StatusCode) -> Self {
        let kind = match status.as_u16() {
            401 => "authentication_error",
            402 | 403 => "authorization_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "api_error",
        };
        let Answer { status, headers, body } =
            Answer::json(status, &json!({"type": kind, "message": "scripted answer"}));
        let stage = if status.is_client_error() { Stage::Gateway } else { Stage::Handler };
        Self { status, headers, body, stage, delay: Duration::ZERO }
    }

    pub(super) fn answer(&self) -> Answer {
        Answer { status: self.status, headers: self.headers.clone(), body: self.body.clone() }
    }
}

type Matcher = Box<dyn Fn(&LoggedRequest) -> bool + Send>;

/// Scripted answers waiting for their requests, first come first served.
#[derive(Default)]
pub(super) struct Script {
    entries: VecDeque<Entry>,
}

struct Entry {
    times: usize,
    matcher: Matcher,
    scripted: Scripted,
}

impl Script {
    pub(super) fn push(&mut self, times: usize, matcher: Matcher, scripted: Scripted) {
        if times > 0 {
            self.entries.push_back(Entry { times, matcher, scripted });
        }
    }

    /// The answer scripted for a request that gets to the door, or past it.
    pub(super) fn take(&mut self, request: &LoggedRequest, at_gateway: bool) -> Option<Scripted> {
        let index = self.entries.iter().position(|entry| (entry.matcher)(request))?;
        let entry = self.entries.get_mut(index)?;
        if (entry.scripted.stage == Stage::Gateway) != at_gateway {
            return None;
        }
        entry.times -= 1;
        let scripted = entry.scripted.clone();
        if entry.times == 0 {
            self.entries.remove(index);
        }
        Some(scripted)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.entries.iter().map(|entry| (entry.times, &entry.scripted)))
            .finish()
    }
}
