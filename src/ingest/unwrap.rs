//! From a record to its bare events: lines, arrays, batches and the envelopes RudderStack puts around events.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use serde::de::IgnoredAny;

use super::Problem;
use super::split::{Elements, elements, trim};
use crate::json::Kind;

/// Security: envelopes deeper than this are refused; no known producer nests more than two.
const MAX_ENVELOPES: usize = 4;

/// What an envelope cannot do without, quoted as in its text. Made once: that takes longer than looking for them.
static ENVELOPE_NAMES: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["\"batch\"", "\"message\"", "\"payload\""].map(Finder::new));

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One bare event, or the part of the record that cannot be one.
#[derive(Debug)]
pub(super) struct Part {
    /// Which event of the record it is, from 0
    pub(super) position: usize,
    /// How many lines of the record come before it
    pub(super) lines_before: u64,
    /// Whether the record may hold others
    pub(super) is_shared: bool,
    pub(super) outcome: Result<Bytes, (Bytes, Problem)>,
}

/// The parts of a record, in their order. Security: cut off one by one, so that a record of a million tiny events takes
/// no more memory than its bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    open: Vec<Open>,
    /// A record that is one value, until it has been looked at
    whole: Option<Bytes>,
    position: usize,
    lines_before: u64,
}

/// A list that has not come to its end.
#[derive(Clone, Debug)]
enum Open {
    Lines { rest: Option<Bytes>, number: u64 },
    Elements { elements: Elements, envelopes: usize },
}

/// The parts of `record`.
pub(super) fn parts(record: &Bytes) -> Parts {
    let record = trim(&match record.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => record.slice_ref(rest),
        None => record.clone(),
    });
    if record.is_empty() {
        return Parts::default();
    }
    // Most records are one line.
    if memchr::memchr(b'\n', &record).is_none() {
        return Parts { whole: Some(record), ..Parts::default() };
    }
    let whole = Parts { whole: Some(record.clone()), ..Parts::default() };
    let lines = Parts {
        open: vec![Open::Lines { rest: Some(record.clone()), number: 0 }],
        ..Parts::default()
    };
    if elements(&record).is_none() {
        return lines;
    }
    // One value spread over lines, or lines whose first and last happen to match: valid text settles it, and of broken
    // text the reading that saves more events counts.
    let is_valid = serde_json::from_slice::<IgnoredAny>(&record).is_ok();
    if is_valid || good(whole.clone()) >= good(lines.clone()) { whole } else { lines }
}

fn good(parts: Parts) -> usize {
    let is_object = |bytes: &Bytes| {
        bytes.first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
    };
    parts.filter(|part| part.outcome.as_ref().is_ok_and(is_object)).count()
}

impl Iterator for Parts {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let mut next = self.whole.take().map(|whole| (whole, 0));
        loop {
            let (value, envelopes) = match next {
                Some(next) => next,
                None => self.take_next()?,
            };
            match look(value, envelopes) {
                Look::Part(outcome) => return Some(self.part(outcome)),
                Look::Inside(value) => next = Some((value, envelopes + 1)),
                Look::List(elements) => {
                    self.open.push(Open::Elements { elements, envelopes: envelopes + 1 });
                    next = None;
                }
            }
        }
    }
}

impl Parts {
    fn part(&mut self, outcome: Result<Bytes, (Bytes, Problem)>) -> Part {
        let (position, lines_before) = (self.position, self.lines_before);
        self.position += 1;
        Part { position, lines_before, is_shared: !self.open.is_empty(), outcome }
    }

    /// The next value of the innermost list, and in how many envelopes it is.
    fn take_next(&mut self) -> Option<(Bytes, usize)> {
        loop {
            let next = match self.open.last_mut()? {
                Open::Elements { elements, envelopes } => {
                    elements.next().map(|element| (element, *envelopes))
                }
                Open::Lines { rest, number } => next_line(rest).map(|line| {
                    self.lines_before = *number;
                    *number += 1;
                    (line, 0)
                }),
            };
            match next {
                // A blank line.
                Some((line, 0)) if line.is_empty() => {}
                Some(next) => return Some(next),
                None => {
                    self.open.pop();
                }
            }
        }
    }
}

fn next_line(rest: &mut Option<Bytes>) -> Option<Bytes> {
    let mut line = rest.take()?;
    if let Some(end) = memchr::memchr(b'\n', &line) {
        *rest = Some(line.split_off(end + 1));
    }
    Some(trim(&line))
}

enum Look {
    Part(Result<Bytes, (Bytes, Problem)>),
    Inside(Bytes),
    List(Elements),
}

/// What a value is: an event, an envelope around one, or a list.
fn look(value: Bytes, envelopes: usize) -> Look {
    if envelopes > MAX_ENVELOPES {
        return Look::Part(Err((value, Problem::Wrapped { limit: MAX_ENVELOPES })));
    }
    if value.first() == Some(&b'[') {
        return elements(&value).map_or_else(|| Look::Part(Ok(value)), Look::List);
    }
    let batch = |expected, found| {
        Look::Part(Err((value.clone(), Problem::Field { field: "batch", expected, found })))
    };
    match envelope(&value) {
        None => Look::Part(Ok(value)),
        Some(Envelope::One(inner)) => Look::Inside(inner),
        Some(Envelope::Many(elements)) if elements.clone().next().is_none() => {
            batch("a list with at least one event", "an empty array".to_owned())
        }
        Some(Envelope::Many(elements)) => Look::List(elements),
        Some(Envelope::Wrong(raw)) => batch("an array of events", Kind::of(&raw).to_string()),
    }
}

enum Envelope {
    One(Bytes),
    Many(Elements),
    Wrong(String),
}

/// The members that tell an envelope; the last of each name counts.
#[derive(Default)]
struct Telling {
    batch: Option<Bytes>,
    message: Option<Bytes>,
    payload: Option<Bytes>,
    is_event: bool,
    is_addressed: bool,
    is_dated: bool,
}

/// The envelope around an event, if `value` is one. Most values are bare events, so the names are looked for as plain
/// text before anything is cut.
fn envelope(value: &Bytes) -> Option<Envelope> {
    if !ENVELOPE_NAMES.iter().any(|name| name.find(value).is_some()) {
        return None;
    }
    let mut telling = Telling::default();
    // Cut by structure, not parsed: a broken event in a batch must not take the others with it.
    for (name, value) in elements(value)?.filter_map(|element| member(&element)) {
        match &*name {
            b"batch" => telling.batch = Some(value),
            b"message" => telling.message = Some(value),
            b"payload" => telling.payload = Some(value),
            b"type" => telling.is_event = true,
            b"metadata" | b"destination" => telling.is_addressed = true,
            b"createdAt" => telling.is_dated = true,
            _ => {}
        }
    }
    if let Some(batch) = telling.batch {
        return match batch.first() {
            Some(b'[') => elements(&batch).map(Envelope::Many),
            Some(b'{') => Some(Envelope::One(batch)),
            _ if telling.is_event => None,
            _ => Some(Envelope::Wrong(String::from_utf8_lossy(&batch).into_owned())),
        };
    }
    let object = |value: &Bytes| value.first() == Some(&b'{');
    let message = telling.message.filter(|_| telling.is_addressed).filter(object);
    let payload = telling.payload.filter(|_| telling.is_dated && !telling.is_event).filter(object);
    message.or(payload).map(Envelope::One)
}

/// Name and value of a member, the name as written.
pub(super) fn member(member: &Bytes) -> Option<(Bytes, Bytes)> {
    let rest = member.strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', rest)?;
    let (name, rest) = rest.split_at_checked(end)?;
    let value = rest.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?;
    Some((member.slice_ref(name), member.slice_ref(value.trim_ascii())))
}
