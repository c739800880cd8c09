//! The log of requests seen, in the order they arrived. It never holds a credential.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::head::Told;
use super::retention::{Limits, Recent};

/// Security: what callers send is foreign, so the log forgets the oldest. A million requests, and a
/// quarter of a GiB, hold ten times the largest run the emulator is meant for.
const LIMITS: Limits = Limits { entries: 1_000_000, bytes: 256 * 1024 * 1024 };

/// One request as it arrived, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// Its place in the order of arrival, from 0.
    pub sequence: u64,
    /// When it arrived, since the Unix epoch.
    pub at: Duration,
    /// The method.
    pub method: Method,
    /// The target as on the wire: still percent-encoded, with its query.
    pub path: Cow<'static, str>,
    /// The pattern of the route it took, `None` when there is no such route.
    pub route: Option<&'static str>,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The `Content-Type` header.
    pub content_type: Option<Cow<'static, str>>,
    /// The body; empty when it was over the limit. It may be a part of a larger block of memory, which it keeps: copy one
    /// that is to stay.
    pub body: Bytes,
    /// The status answered; `None` while, or if, it was not.
    pub status: Option<StatusCode>,
    /// Whether the answer is the kept one of an earlier request with the same key.
    pub replayed: bool,
    /// What went wrong with it: the name of a fault, or `limit`.
    pub fault: Option<&'static str>,
}

/// A request, and what lists show of the event it brought.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) request: LoggedRequest,
    pub(super) told: Option<Told>,
}

#[derive(Debug)]
pub(super) struct Log {
    requests: Recent<Entry>,
}

impl Default for Log {
    fn default() -> Self {
        Self { requests: Recent::new(LIMITS) }
    }
}

impl Log {
    /// The sequence number the next request gets.
    pub(super) fn next(&self) -> u64 {
        self.requests.next()
    }

    pub(super) fn arrived(&mut self, entry: Entry) {
        let Entry { request, told } = &entry;
        let bytes = size_of::<Entry>()
            + request.path.len()
            + request.idempotency_key.as_ref().map_or(0, String::len)
            + request.content_type.as_ref().map_or(0, |given| given.len())
            + request.body.len()
            + told.as_ref().map_or(0, Told::weight);
        self.requests.push(entry, bytes);
    }

    pub(super) fn answered(&mut self, sequence: u64, status: StatusCode) {
        if let Some(entry) = self.requests.get_mut(sequence) {
            entry.request.status = Some(status);
        }
    }

    /// A request that is still remembered.
    pub(super) fn entry(&self, sequence: u64) -> Option<&Entry> {
        self.requests.get(sequence)
    }

    /// The requests from a sequence number on, oldest first.
    pub(super) fn since(&self, sequence: u64) -> impl Iterator<Item = &LoggedRequest> {
        self.entries(sequence).map(|entry| &entry.request)
    }

    /// The same with what lists show of each.
    pub(super) fn entries(&self, sequence: u64) -> impl Iterator<Item = &Entry> {
        self.requests.since(sequence)
    }
}

impl LoggedRequest {
    /// The request as one line of NDJSON. A JSON body stands in it as received, anything else as
    /// text.
    pub(super) fn line(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let optional = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), quoted);
        format!(
            "{{\"sequence\":{},\"method\":{},\"path\":{},\"route\":{},\"idempotency_key\":{},\
             \"content_type\":{},\"status\":{},\"replayed\":{},\"fault\":{},\"body\":{}}}\n",
            self.sequence,
            quoted(self.method.as_str()),
            quoted(&self.path),
            optional(self.route),
            optional(self.idempotency_key.as_deref()),
            optional(self.content_type.as_deref()),
            json!(self.status.map(|status| status.as_u16())),
            self.replayed,
            optional(self.fault),
            self.body_text(),
        )
    }

    fn body_text(&self) -> String {
        if self.body.is_empty() {
            return "null".to_owned();
        }
        match serde_json::from_slice::<&RawValue>(&self.body) {
            // Kept to the byte, so that integers of any size survive.
            Ok(raw) if !raw.get().contains(['\n', '\r']) => raw.get().to_owned(),
            Ok(raw) => serde_json::from_str::<Value>(raw.get()).unwrap_or_default().to_string(),
            Err(_) => Value::from(String::from_utf8_lossy(&self.body)).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(body: &'static str) -> Value {
        let request = LoggedRequest {
            sequence: 3,
            at: Duration::ZERO,
            method: Method::POST,
            path: "/profiles/a%2Fb".into(),
            route: Some("/profiles/{user_id}"),
            idempotency_key: Some("k\"".to_owned()),
            content_type: None,
            body: Bytes::from_static(body.as_bytes()),
            status: Some(StatusCode::OK),
            replayed: false,
            fault: None,
        };
        let line = request.line();
        assert_eq!(line.matches('\n').count(), 1);
        let mut line: Value = serde_json::from_str(&line).expect("a line is one JSON object");
        assert_eq!(line["path"], "/profiles/a%2Fb");
        assert_eq!(line["idempotency_key"], "k\"");
        assert_eq!(line["status"], 200);
        line["body"].take()
    }

    #[test]
    fn a_json_body_stands_as_json_and_any_other_as_text() {
        assert_eq!(body_of("{\"a\":\n 1}"), json!({"a": 1}));
        assert_eq!(body_of("{\"a\": 18446744073709551615}"), json!({"a": u64::MAX}));
        assert_eq!(body_of("not json\n"), json!("not json\n"));
        assert_eq!(body_of(""), Value::Null);
    }
}
