//! One of Vector's events to one record.
//!
//! In: an encoded [`EventWrapper`]. Out: the bytes for the sink, which are the event's own object as JSON or, where the
//! event only carries it, the JSON in its `message`. What is neither becomes a record that cannot be read, whole or as
//! far as JSON can say it, so that it ends as a dead letter.

use bytes::Bytes;
use prost::{DecodeError, Message};
use sha2::{Digest, Sha256};

use super::json::{self, DEEPEST, Flaw};
use super::proto::{Content, EventWrapper, Kind, Log, Member, Metadata, Value};
use crate::runner::source::framing::KEPT_BYTES;
use crate::sink::Payload;

/// How events are converted.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Paths of members that are left out
    pub(super) except: Vec<Vec<String>>,
    /// Security: the largest event, encoded. A decoded one takes many times its bytes for a moment.
    pub(super) max_event_bytes: usize,
}

/// What became of an event.
#[derive(Debug)]
pub(super) struct Converted {
    /// What the sink is given, in memory of its own
    pub(super) payload: Payload,
    /// Whether it could be decoded at all
    pub(super) is_sound: bool,
    /// The same each time this event is sent, if Vector told one from another
    pub(super) seed: Option<u128>,
}

/// Converts one event. It ends whatever the bytes.
pub(super) fn convert(event: &Bytes, rules: &Rules) -> Converted {
    if event.len() > rules.max_event_bytes {
        let head = event.get(..KEPT_BYTES.min(rules.max_event_bytes)).unwrap_or(event);
        let problem = format!(
            "an event may take {} bytes, this one takes {}; its first {} are kept",
            rules.max_event_bytes,
            event.len(),
            head.len()
        );
        return Converted { payload: unreadable(head, problem), is_sound: true, seed: None };
    }
    match decode(event, rules) {
        Ok((payload, id)) => {
            let seed = id.map(|id| seed(&id, &payload));
            Converted { payload, is_sound: true, seed }
        }
        Err(error) => Converted {
            payload: unreadable(
                event,
                format!("the event is not an event of Vector's protocol: {error}"),
            ),
            is_sound: false,
            seed: None,
        },
    }
}

fn decode(event: &Bytes, rules: &Rules) -> Result<(Payload, Option<Bytes>), DecodeError> {
    // Zero-copy: all below are slices of the request.
    let problem = match EventWrapper::decode(event.clone())?.event {
        Some(Kind::Log(log)) => return log_record(log, rules),
        Some(Kind::Metric(_)) => "the event is a metric, of which no Courier request can be made",
        Some(Kind::Trace(_)) => "the event is a trace, of which no Courier request can be made",
        None => "the event is neither a log, nor a metric, nor a trace",
    };
    Ok((unreadable(event, problem.to_owned()), None))
}

fn log_record(log: Bytes, rules: &Rules) -> Result<(Payload, Option<Bytes>), DecodeError> {
    let Log { fields, value, metadata } = Log::decode(log)?;
    let payload = match value {
        None => object(fields, rules)?,
        Some(value) => match Value::decode(value.clone())?.content {
            Some(Content::Object(object_bytes)) => {
                object(super::proto::Object::decode(object_bytes)?.members, rules)?
            }
            Some(Content::Text(text)) => match text_of_json(&text) {
                Some(payload) => payload,
                None => unreadable(&text, "the event is a text that holds no JSON".to_owned()),
            },
            _ => {
                let mut json = Vec::new();
                let flaw = json::push(&mut json, value, &[], DEEPEST)?;
                finished(json, flaw)
            }
        },
    };
    let id = match metadata {
        Some(metadata) => Some(Metadata::decode(metadata)?.source_event_id),
        None => None,
    };
    Ok((payload, id.filter(|id| id.len() == 16)))
}

/// An event that is an object: itself, or what its `message` holds.
fn object(members: Vec<Member>, rules: &Rules) -> Result<Payload, DecodeError> {
    let last = |name: &str| members.iter().rev().find(|member| member.name == name);
    // Sources that read lines or bytes put them into `message`. With a `type` the object is itself a RudderStack event,
    // in which `message` is a member like any other.
    if let (None, Some(message)) = (last("type"), last("message"))
        && let Some(Content::Text(text)) = Value::decode(message.value.clone())?.content
        && let Some(payload) = text_of_json(&text)
    {
        return Ok(payload);
    }
    let except: Vec<&[String]> = rules.except.iter().map(Vec::as_slice).collect();
    let mut json = Vec::new();
    let flaw = json::push_object(&mut json, members, &except, DEEPEST)?;
    Ok(finished(json, flaw))
}

/// `text` as a record, if it looks like JSON that may hold events; whether it does is told where it is read.
fn text_of_json(text: &[u8]) -> Option<Payload> {
    let is_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
    // Security: copied, or one event that lingers keeps its whole request in memory.
    is_json.then(|| Payload::Bytes(Bytes::copy_from_slice(text)))
}

fn finished(json: Vec<u8>, flaw: Option<Flaw>) -> Payload {
    match flaw {
        None => Payload::Bytes(json.into()),
        Some(flaw) => Payload::Unreadable { bytes: json.into(), problem: flaw.to_string() },
    }
}

fn unreadable(bytes: &[u8], problem: String) -> Payload {
    Payload::Unreadable { bytes: Bytes::copy_from_slice(bytes), problem }
}

/// Made of the content as well: a transform that makes two events of one leaves both with its id.
fn seed(id: &[u8], payload: &Payload) -> u128 {
    let (Payload::Bytes(bytes) | Payload::Unreadable { bytes, .. }) = payload;
    let hash = Sha256::new().chain_update(id).chain_update(bytes).finalize();
    hash.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests;
