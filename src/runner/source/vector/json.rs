//! Protobuf values to JSON text.
//!
//! In: an encoded [`Value`]. Out: its text, and the first [`Flaw`] there was: something that JSON cannot say, for which
//! a stand-in was written. It does not know what an event is.

use std::io::Write as _;

use bytes::Bytes;
use prost::{DecodeError, Message};

use super::proto::{Array, Content, Member, Object, Timestamp, Value};

/// Security: values nested deeper are not written, which bounds the stack. As deep as any sink can be set to read.
pub(super) const DEEPEST: usize = crate::ingest::Limits::DEEPEST;

/// The year 1, in seconds since 1970: RFC 3339 knows no earlier one.
const YEAR_ONE: i64 = -62_135_596_800;

/// How much of the way to a flaw is told, in bytes, about.
const LONGEST_PATH: usize = 200;

/// Something that JSON cannot say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// Where it is, as in `properties.items[0]`
    path: String,
    /// What it is, and what stands for it, in a clause
    what: String,
}

/// Members that are left out: paths of names, from the object at hand.
type Except<'a> = &'a [&'a [String]];

/// Appends the JSON of the encoded `value`, which may be nested `room` deep, without what `except` names.
pub(super) fn push(
    json: &mut Vec<u8>,
    value: Bytes,
    except: Except<'_>,
    room: usize,
) -> Result<Option<Flaw>, DecodeError> {
    let mut flaw = None;
    match Value::decode(value)?.content {
        Some(Content::Text(text)) => match std::str::from_utf8(&text) {
            Ok(text) => push_text(json, text),
            Err(error) => {
                let at = error.valid_up_to();
                flaw = Some(Flaw::here(format!(
                    "has invalid UTF-8 at byte {at}, U+FFFD stands for it"
                )));
                push_text(json, &String::from_utf8_lossy(&text));
            }
        },
        Some(Content::Timestamp(time)) => match date(time) {
            Some(date) => push_text(json, &date.to_string()),
            None => flaw = Some(push_null(json, "is a time that no date can be written for")),
        },
        Some(Content::Integer(number)) => push_shown(json, number),
        Some(Content::Float(number)) => match serde_json::Number::from_f64(number) {
            Some(number) => push_shown(json, number),
            None => flaw = Some(push_null(json, &format!("is the float {number}"))),
        },
        Some(Content::Boolean(is_true)) => push_shown(json, is_true),
        Some(Content::Null(_)) => json.extend_from_slice(b"null"),
        Some(Content::Object(_) | Content::Array(_)) if room == 0 => {
            flaw = Some(push_null(json, &format!("is nested deeper than {DEEPEST} levels")));
        }
        Some(Content::Object(object)) => {
            flaw = push_object(json, Object::decode(object)?.members, except, room - 1)?;
        }
        Some(Content::Array(array)) => {
            json.push(b'[');
            for (index, element) in Array::decode(array)?.elements.into_iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                let found = push(json, element, &[], room - 1)?;
                flaw = flaw.or_else(|| Some(found?.below(&format!("[{index}]"))));
            }
            json.push(b']');
        }
        None => flaw = Some(push_null(json, "has no value")),
    }
    Ok(flaw)
}

/// Appends an object of `members`, whose values may be nested `room` deep.
pub(super) fn push_object(
    json: &mut Vec<u8>,
    mut members: Vec<Member>,
    except: Except<'_>,
    room: usize,
) -> Result<Option<Flaw>, DecodeError> {
    // In Vector too they are in the order of their names; on the wire they may be in any. So a resend is known by its text.
    members.sort_by(|one, other| one.name.cmp(&other.name));
    let mut flaw: Option<Flaw> = None;
    json.push(b'{');
    let mut is_first = true;
    for Member { name, value } in members {
        let below: Vec<&[String]> = except
            .iter()
            .filter_map(|path| path.split_first())
            .filter_map(|(first, rest)| (*first == name).then_some(rest))
            .collect();
        if below.iter().any(|rest| rest.is_empty()) {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            json.push(b',');
        }
        push_text(json, &name);
        json.push(b':');
        let found = push(json, value, &below, room)?;
        flaw = flaw.or_else(|| Some(found?.below(&name)));
    }
    json.push(b'}');
    Ok(flaw)
}

fn date(time: Timestamp) -> Option<jiff::Timestamp> {
    let can_be = time.seconds >= YEAR_ONE && time.nanos >= 0;
    can_be.then(|| jiff::Timestamp::new(time.seconds, time.nanos).ok()).flatten()
}

fn push_text(json: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(json, text).expect("a text has a JSON form, and memory takes it");
}

fn push_shown(json: &mut Vec<u8>, value: impl std::fmt::Display) {
    write!(json, "{value}").expect("memory takes it");
}

fn push_null(json: &mut Vec<u8>, what: &str) -> Flaw {
    json.extend_from_slice(b"null");
    Flaw::here(format!("{what}, null stands for it"))
}

impl Flaw {
    fn here(what: String) -> Self {
        Self { path: String::new(), what }
    }

    /// The same flaw, seen from one level up. Security: the last names are enough; the way may be as long as the event.
    fn below(self, step: &str) -> Self {
        if self.path.len() > LONGEST_PATH {
            return self;
        }
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        let step: String = step.chars().take(LONGEST_PATH).collect();
        Self { path: format!("{step}{separator}{}", self.path), ..self }
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the event {}", self.what),
            path => write!(f, "`{path}` {}", self.what),
        }
    }
}
