//! Bytes to events. Synchronous, total and bounded: whatever the bytes, it ends and says what it found.
//!
//! In: one record (a line, a message, a request body). Out: for each event in it an [`Event`] or a [`DecodeError`].
//! It does not know where records come from, what Courier is, or what time it is.

mod clues;
mod error;
mod fields;
mod head;
mod limits;
mod message_id;
mod split;
mod unwrap;

use bytes::Bytes;
use bytestring::ByteString;

pub use clues::Clues;
pub use error::{DecodeError, Problem};
pub use limits::Limits;
#[cfg(feature = "runner")]
pub(crate) use split::elements;

use crate::event::{Event, Origin, Trust};
use crate::json::Json;

/// Decodes one record. Understood are one JSON object, lines of JSON, a JSON array, RudderStack's request body
/// (`{"batch": […]}`), its transformer input (`{"message": …, "metadata" | "destination": …}`) and its raw archive
/// (`{"payload": …, "createdAt": …}`); a byte order mark, blank lines, `\r\n` and a missing last newline do not matter.
///
/// Each event stands alone: a bad one gives its own error and costs no other. They are read as they are asked for.
pub fn decode(record: &Bytes, origin: &Origin, limits: &Limits) -> Decoding {
    Decoding { parts: unwrap::parts(record), origin: origin.clone(), limits: limits.clone() }
}

/// What of a record should be an event each, cut as [`decode`] does and not read.
#[cfg(feature = "runner")]
pub(crate) fn cut(record: &Bytes) -> impl Iterator<Item = Bytes> + Send + use<> {
    unwrap::parts(record).map(|part| match part.outcome {
        Ok(bytes) | Err((bytes, _)) => bytes,
    })
}

/// The last member called `name` of an object, cut and not read.
#[cfg(feature = "runner")]
pub(crate) fn member(object: &Bytes, name: &str) -> Option<Bytes> {
    let members = elements(object)?.filter_map(|element| unwrap::member(&element));
    members.filter(|(found, _)| found == name.as_bytes()).last().map(|(_, value)| value)
}

/// The events of one record, one by one.
#[derive(Debug)]
pub struct Decoding {
    parts: unwrap::Parts,
    origin: Origin,
    limits: Limits,
}

impl Decoding {
    /// Where the record came from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Iterator for Decoding {
    type Item = Result<Event, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = self.parts.next()?;
        let (bytes, event) = match part.outcome {
            Err((bytes, problem)) => (bytes, Err(problem)),
            Ok(bytes) => {
                // Security: one event that lingers must not keep a whole batch in memory.
                let bytes = if part.is_shared { Bytes::copy_from_slice(&bytes) } else { bytes };
                let fallback =
                    message_id::Fallback { seed: self.origin.seed, position: part.position };
                let event = event(&bytes, &fallback, self.origin.trust, &self.limits);
                (bytes, event)
            }
        };
        Some(event.map_err(|problem| DecodeError {
            origin: Origin {
                line: self.origin.line.map(|line| line.saturating_add(part.lines_before)),
                ..self.origin.clone()
            },
            position: part.position,
            record: bytes,
            problem,
        }))
    }
}

/// Reads one bare event.
fn event(
    bytes: &Bytes,
    fallback: &message_id::Fallback,
    trust: Trust,
    limits: &Limits,
) -> Result<Event, Problem> {
    limits.check(bytes)?;
    let text = ByteString::try_from(bytes.clone()).map_err(|_| Problem::utf8(bytes))?;
    let head = head::Head::read(&text)?;
    let value = |raw: Option<&str>| raw.map(|raw| Json::from_checked(&text, raw));
    let kind = head.kind()?;
    let (message_id, message_id_was_made) = head.message_id(&text, fallback)?;
    Ok(Event {
        kind,
        message_id,
        message_id_was_made,
        user_id: fields::id("userId", head.user_id)?,
        anonymous_id: fields::id("anonymousId", head.anonymous_id)?,
        group_id: fields::id("groupId", head.group_id)?,
        name: head.name(kind)?,
        traits: value(fields::present(head.traits)),
        properties: value(fields::present(head.properties)),
        context: value(fields::present(head.context)),
        integrations: value(head.integrations),
        trust,
        body: Json::from_checked(&text, text.trim_ascii()),
    })
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
