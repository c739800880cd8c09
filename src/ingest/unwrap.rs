//! From a record to its bare events: lines, arrays, batches and the envelopes RudderStack puts around events.

use bytes::Bytes;
use memchr::memmem;
use serde::de::IgnoredAny;

use super::Problem;
use super::split::{elements, trim};

/// Security: envelopes deeper than this are refused; no known producer nests more than two.
const MAX_ENVELOPES: usize = 4;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One bare event, or the part of the record that cannot be one.
#[derive(Debug)]
pub(super) struct Part {
    /// Which event of the record it is, from 0
    pub(super) position: usize,
    /// How many lines of the record come before it
    pub(super) lines_before: u64,
    pub(super) outcome: Result<Bytes, (Bytes, Problem)>,
}

/// The parts of `record`, in their order.
pub(super) fn parts(record: &Bytes) -> Vec<Part> {
    let record = trim(&match record.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => record.slice_ref(rest),
        None => record.clone(),
    });
    if record.is_empty() {
        return Vec::new();
    }
    if !record.contains(&b'\n') {
        return whole(&record);
    }
    if elements(&record).is_none() {
        return lines(&record);
    }
    // One value spread over lines, or lines whose first and last happen to match: valid text settles it, and of broken
    // text the reading that saves more events counts.
    let whole = whole(&record);
    if serde_json::from_slice::<IgnoredAny>(&record).is_ok() {
        return whole;
    }
    let lines = lines(&record);
    if good(&lines) > good(&whole) { lines } else { whole }
}

fn whole(record: &Bytes) -> Vec<Part> {
    let mut parts = Parts { found: Vec::with_capacity(1), lines_before: 0 };
    parts.value(record.clone(), 0);
    parts.found
}

fn lines(record: &Bytes) -> Vec<Part> {
    let mut parts = Parts { found: Vec::new(), lines_before: 0 };
    for line in record.split(|byte| *byte == b'\n') {
        let line = record.slice_ref(line.trim_ascii());
        if !line.is_empty() {
            parts.value(line, 0);
        }
        parts.lines_before += 1;
    }
    parts.found
}

fn good(parts: &[Part]) -> usize {
    let is_object = |bytes: &Bytes| {
        bytes.first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
    };
    parts.iter().filter(|part| part.outcome.as_ref().is_ok_and(is_object)).count()
}

struct Parts {
    found: Vec<Part>,
    lines_before: u64,
}

impl Parts {
    fn push(&mut self, outcome: Result<Bytes, (Bytes, Problem)>) {
        let (position, lines_before) = (self.found.len(), self.lines_before);
        self.found.push(Part { position, lines_before, outcome });
    }

    fn value(&mut self, value: Bytes, envelopes: usize) {
        if envelopes > MAX_ENVELOPES {
            return self.push(Err((value, Problem::Wrapped { limit: MAX_ENVELOPES })));
        }
        if value.first() == Some(&b'[') {
            match elements(&value) {
                Some(events) => self.all(events, envelopes),
                None => self.push(Ok(value)),
            }
            return;
        }
        match envelope(&value) {
            None => self.push(Ok(value)),
            Some(Envelope::One(inner)) => self.value(inner, envelopes + 1),
            Some(Envelope::Many(events)) if events.is_empty() => {
                let expected = "a list with at least one event";
                let found = "an empty array".to_owned();
                self.push(Err((value, Problem::Field { field: "batch", expected, found })));
            }
            Some(Envelope::Many(events)) => self.all(events, envelopes),
            Some(Envelope::Wrong(raw)) => {
                let expected = "an array of events";
                self.push(Err((value, Problem::field("batch", expected, &raw))));
            }
        }
    }

    fn all(&mut self, events: Vec<Bytes>, envelopes: usize) {
        for event in events {
            self.value(event, envelopes + 1);
        }
    }
}

enum Envelope {
    One(Bytes),
    Many(Vec<Bytes>),
    Wrong(String),
}

/// The envelope around an event, if `value` is one. Most values are bare events, so the names are looked for as plain
/// text before anything is cut.
fn envelope(value: &Bytes) -> Option<Envelope> {
    if !["\"batch\"", "\"message\"", "\"payload\""]
        .iter()
        .any(|name| memmem::find(value, name.as_bytes()).is_some())
    {
        return None;
    }
    // Cut by structure, not parsed: a broken event in a batch must not take the others with it.
    let members: Vec<Member> = elements(value)?.iter().filter_map(Member::read).collect();
    let find = |name: &str| members.iter().rev().find(|member| member.name == name);
    let object = |name: &str| find(name).filter(|member| member.value.first() == Some(&b'{'));
    if let Some(batch) = find("batch") {
        return Some(match batch.value.first() {
            Some(b'[') => Envelope::Many(elements(&batch.value)?),
            Some(b'{') => Envelope::One(batch.value.clone()),
            _ if find("type").is_some() => return None,
            _ => Envelope::Wrong(String::from_utf8_lossy(&batch.value).into_owned()),
        });
    }
    let message = object("message").filter(|_| find("metadata").or(find("destination")).is_some());
    let payload =
        object("payload").filter(|_| find("createdAt").is_some() && find("type").is_none());
    message.or(payload).map(|member| Envelope::One(member.value.clone()))
}

struct Member {
    name: String,
    value: Bytes,
}

impl Member {
    fn read(member: &Bytes) -> Option<Self> {
        let rest = member.strip_prefix(b"\"")?;
        let end = rest.iter().position(|byte| *byte == b'"')?;
        let (name, rest) = rest.split_at_checked(end)?;
        let value = rest.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?;
        let name = String::from_utf8(name.to_vec()).ok()?;
        Some(Self { name, value: member.slice_ref(value.trim_ascii()) })
    }
}
