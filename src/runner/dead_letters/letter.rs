//! One dead letter, read back from its line. Whatever the line, it is a letter: one that cannot be read is `damaged`,
//! and stays where it is.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::journal::LetterId;
use crate::clock::Time;
use crate::courier::Generation;
use crate::event::{Event, EventType, Id, MessageId, Origin, Seed, Trust};
use crate::ingest::{self, Limits};
use crate::runner::base64;
use crate::sink::Resume;
use crate::telemetry::Rejection;

/// One dead letter. `Debug` leaves out what is personal.
#[derive(Clone)]
pub struct Letter {
    /// Its line, from 1
    pub line: u64,
    /// When it was written, if that can be read
    pub at: Option<Time>,
    /// Why: `unreadable`, `refused`, …; `errored` where it was sent again in vain, `damaged` where it is no letter
    pub reason: String,
    /// Why, in a clause
    pub detail: String,
    /// Where its record came from
    pub origin: String,
    /// How far whoever wrote its record is trusted
    pub trust: Trust,
    /// The event's type
    pub kind: Option<String>,
    /// The name of a track event
    pub name: Option<String>,
    /// The event's id, perhaps made
    pub message_id: Option<String>,
    /// `userId`, else `anonymousId`
    pub user: Option<String>,
    /// Where its request went
    pub endpoint: Option<String>,
    /// The step that failed
    pub step: Option<usize>,
    /// The steps that are done
    pub steps_done: Vec<usize>,
    /// The generation of the key the request was refused at
    pub generation: Generation,
    /// The status it was refused with
    pub status: Option<u16>,
    /// The beginning of the answer
    pub answer: Option<String>,
    /// The record to be sent again
    pub record: Bytes,
    /// Whether it holds state that may have been overwritten since: an identify or a group event
    pub is_stale: bool,
    /// Why its record, as it stands now, holds no event, where that is so
    pub(super) problem: Option<String>,
    /// Its line as it stands
    pub(super) text: Vec<u8>,
    pub(super) events: usize,
}

/// The members of a line; others are let be.
#[derive(Deserialize)]
struct Raw<'a> {
    at: String,
    reason: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    origin: String,
    // Security: anything but `true` or `false` makes the line no letter, so that it is not sent.
    #[serde(default = "trusted")]
    trusted: bool,
    #[serde(rename = "type")]
    kind: Option<String>,
    message_id: Option<String>,
    user_id: Option<String>,
    endpoint: Option<String>,
    step: Option<usize>,
    #[serde(default)]
    steps_done: Vec<usize>,
    #[serde(default)]
    generation: u32,
    status: Option<u16>,
    answer: Option<String>,
    #[serde(borrow, default, deserialize_with = "given")]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    record_text: Option<Cow<'a, str>>,
    record_base64: Option<String>,
}

/// What is there, also if it is `null`.
fn given<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A letter that does not say is from a source whose writers are all trusted.
const fn trusted() -> bool {
    true
}

impl Raw<'_> {
    fn record(&self) -> Option<Bytes> {
        let (json, text) = (self.record.map(RawValue::get), self.record_text.as_deref());
        match json.or(text) {
            Some(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
            None => base64::decode(self.record_base64.as_deref()?).map(Bytes::from),
        }
    }
}

impl Letter {
    /// Reads `text`, the line with number `line`.
    pub(super) fn parse(line: u64, text: Vec<u8>) -> Self {
        let read: Result<Raw<'_>, _> = serde_json::from_slice(&text);
        let problem = match read {
            Ok(raw) => match raw.record() {
                Some(record) => return Self::of(line, raw, record).with_text(text),
                None => "it has no `record`".to_owned(),
            },
            Err(error) => error.to_string(),
        };
        let raw = Raw {
            at: String::new(),
            reason: "damaged".to_owned(),
            detail: format!("not a dead letter: {problem}"),
            origin: String::new(),
            trusted: false,
            kind: None,
            message_id: None,
            user_id: None,
            endpoint: None,
            step: None,
            steps_done: Vec::new(),
            generation: 0,
            status: None,
            answer: None,
            record: None,
            record_text: None,
            record_base64: None,
        };
        Self::of(line, raw, Bytes::new()).with_text(text)
    }

    fn of(line: u64, raw: Raw<'_>, record: Bytes) -> Self {
        // The sink that sends it has limits of its own.
        let limits = Limits { max_event_bytes: usize::MAX, max_depth: Limits::DEEPEST };
        let origin =
            Origin { name: "".into(), line: None, seed: Seed::Random(0), trust: Trust::Untrusted };
        let decoded: Vec<_> = ingest::decode(&record, &origin, &limits).collect();
        let events = decoded.len();
        let mut problem = None;
        let mut known: Vec<Event> = Vec::new();
        for event in decoded {
            match event {
                Ok(event) => known.push(event),
                // Where it is is known: by its letter.
                Err(error) => problem = problem.or_else(|| Some(error.problem.to_string())),
            }
        }
        let problem = problem.filter(|_| known.is_empty());
        let single = known.first().filter(|_| events == 1);
        let holds_state = |kind: EventType| matches!(kind, EventType::Identify | EventType::Group);
        let is_stale = known.iter().any(|event| holds_state(event.kind))
            || known.is_empty()
                && raw.kind.as_deref().map(EventType::parse).is_some_and(holds_state);
        let user = |event: &Event| {
            let user = event.user_id.as_ref().map(Id::as_str);
            user.or_else(|| event.anonymous_id.as_ref().map(Id::as_str)).map(str::to_owned)
        };
        let own_id = |event: &Event| {
            (!event.message_id_was_made).then(|| event.message_id.as_str().to_owned())
        };
        // The record may have been put right by hand: what it says now counts.
        Self {
            line,
            at: Time::parse(&raw.at),
            kind: single.map(|event| event.kind.as_str().to_owned()).or(raw.kind),
            name: single.and_then(|event| event.name.clone()),
            message_id: single.and_then(own_id).or(raw.message_id),
            user: single.and_then(user).or(raw.user_id),
            reason: raw.reason,
            detail: raw.detail,
            origin: raw.origin,
            trust: if raw.trusted { Trust::Trusted } else { Trust::Untrusted },
            endpoint: raw.endpoint,
            step: raw.step,
            steps_done: raw.steps_done,
            generation: Generation(raw.generation),
            status: raw.status,
            answer: raw.answer,
            record,
            is_stale,
            problem,
            text: Vec::new(),
            events,
        }
    }

    fn with_text(self, text: Vec<u8>) -> Self {
        Self { text, ..self }
    }

    /// Whether the line is no letter.
    pub fn is_damaged(&self) -> bool {
        self.reason == "damaged"
    }

    /// Why it cannot be sent: it was unreadable, and its record still is.
    pub(super) fn still_unreadable(&self) -> Option<&str> {
        let was_unreadable = self.reason == Rejection::Unreadable.as_str();
        self.problem.as_deref().filter(|_| was_unreadable)
    }

    /// Whether its event had become too old when it was written.
    pub fn is_expired(&self) -> bool {
        self.reason == Rejection::Expired.as_str()
    }

    /// Its line as it stands, its record included.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    pub(super) fn id(&self) -> LetterId {
        LetterId::of(&self.text)
    }

    /// Where its event goes on: one refused by an answer needs another key to get past it, one that was never answered
    /// keeps its key, since its request may have run.
    pub(super) fn resume(&self) -> Resume {
        let is_answered = self.status.is_some();
        Resume {
            message_id: self.message_id.as_deref().and_then(MessageId::new),
            steps_done: self.steps_done.clone(),
            generation: if is_answered { self.generation.next() } else { self.generation },
            ignores_expiry: false,
        }
    }
}

/// Security: the longest line that is read; a longer one was not written by a sink.
const MAX_LINE_BYTES: u64 = 256 << 20;

/// The lines of a file that are not blank, their ends included.
pub(super) fn lines(file: File) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    let mut file = BufReader::new(file);
    std::iter::from_fn(move || {
        loop {
            let mut line = Vec::new();
            match file.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
                Err(error) => return Some(Err(error)),
                Ok(0) => return None,
                Ok(_) if line.trim_ascii().is_empty() => {}
                Ok(read) if u64::try_from(read).unwrap_or(u64::MAX) >= MAX_LINE_BYTES => {
                    let problem = format!("a line takes more than {MAX_LINE_BYTES} bytes");
                    return Some(Err(io::Error::new(io::ErrorKind::InvalidData, problem)));
                }
                Ok(_) => return Some(Ok(line)),
            }
        }
    })
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({}, {})", self.line, self.reason)
    }
}
