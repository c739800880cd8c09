//! From a body to the events in it, each judged for itself.
//!
//! In: the body, and the shape its route gives it. Out: an arrival for each record, good or bad, or the refusal of the
//! whole. It reads no further than what tells an event from something else.

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::answer::Refusal;
use super::gateway::{Stamp, completed};
use super::ids::Ids;
use crate::event::{Origin, Seed};
use crate::ingest;
use crate::json::{Kind, Members};
use crate::runner::source::door::{Arrival, Identity};
use crate::sink::Payload;

/// What a body is by its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{"batch": […]}`
    Batch,
    /// One event, whose type the route says
    Single(&'static str),
    /// Whatever the sink understands: an object, an array, lines of them
    Any,
}

/// By what rules a body is read.
#[derive(Clone, Debug)]
pub(super) struct Rules<'a> {
    pub(super) shape: Shape,
    /// Whether one bad record has the whole refused
    pub(super) strict: bool,
    /// The most records there may be
    pub(super) max_events: usize,
    /// What is added to each event, if anything is
    pub(super) stamp: Option<Stamp>,
    /// Who wrote it: equal events of two writers are two
    pub(super) scope: &'a str,
    /// Where it came from; each event gets a seed of its own, and its place where there are several
    pub(super) origin: Origin,
}

/// How often somebody else gets a turn while a large body is read.
const EVENTS_PER_TURN: usize = 256;

/// The records of `body`, cut but not read.
pub(super) fn cut(body: &Bytes, rules: &Rules<'_>) -> Result<Vec<Bytes>, Refusal> {
    if rules.strict && !is_json_throughout(body, rules.shape) {
        return Err(Refusal::NotJson);
    }
    let records: Box<dyn Iterator<Item = Bytes> + Send> = match rules.shape {
        Shape::Batch => batch(body)?,
        Shape::Single(_) => Box::new(std::iter::once(body.clone())),
        Shape::Any => Box::new(ingest::cut(body)),
    };
    // Security: the smallest records take many times their bytes once they are events.
    let cut: Vec<_> = records.take(rules.max_events.saturating_add(1)).collect();
    if cut.len() > rules.max_events {
        return Err(Refusal::TooLarge);
    }
    if cut.is_empty() {
        let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
        return Err(if is_json { Refusal::EmptyBatch } else { Refusal::NotJson });
    }
    Ok(cut)
}

/// Whether nothing in a body is anything but JSON: one value, or lines of them where its route takes any shape.
fn is_json_throughout(body: &[u8], shape: Shape) -> bool {
    if shape != Shape::Any {
        return serde_json::from_slice::<IgnoredAny>(body).is_ok();
    }
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<IgnoredAny>();
    values.all(|value| value.is_ok())
}

/// The elements of the `batch` of a body, which is found without reading them: a broken one costs no other.
fn batch(body: &Bytes) -> Result<Box<dyn Iterator<Item = Bytes> + Send>, Refusal> {
    let body = body.slice_ref(body.trim_ascii());
    let is_json = || serde_json::from_slice::<IgnoredAny>(&body).is_ok();
    let absent = || if is_json() { Refusal::EmptyBatch } else { Refusal::NotJson };
    if body.first() != Some(&b'{') {
        return Err(absent());
    }
    let batch = ingest::member(&body, "batch").ok_or_else(absent)?;
    match batch.first() {
        Some(b'[') => match ingest::elements(&batch) {
            Some(elements) => Ok(Box::new(elements)),
            None => Err(Refusal::NotJson),
        },
        Some(b'{') => Ok(Box::new(std::iter::once(batch))),
        _ if !is_json() => Err(Refusal::NotJson),
        Some(b'n') | None => Err(Refusal::EmptyBatch),
        Some(_) => Err(Refusal::NotAnEvent),
    }
}

/// The events of the records that were cut. One that is bad becomes a dead letter beside good ones; alone, or by the strict
/// rule, it is what the whole is refused for.
pub(super) async fn arrivals(
    records: Vec<Bytes>,
    rules: &Rules<'_>,
    mut chance: fastrand::Rng,
) -> Result<Vec<Arrival>, Refusal> {
    let mut arrivals = Vec::with_capacity(records.len());
    let mut first_bad = None;
    let mut has_good = false;
    let is_one_of_several = records.len() > 1;
    for (position, record) in records.into_iter().enumerate() {
        if position % EVENTS_PER_TURN == EVENTS_PER_TURN - 1 {
            tokio::task::yield_now().await;
        }
        let (payload, identity) = match read(&record, rules.shape) {
            Ok(event) => {
                has_good = true;
                let identity = Identity::of(rules.scope, &event);
                let kind = match rules.shape {
                    Shape::Single(kind) => Some(kind),
                    Shape::Batch | Shape::Any => None,
                };
                let stamp = rules.stamp.as_ref();
                let text = completed(&event, kind, stamp, identity, &mut chance);
                (Payload::Bytes(text.into()), identity)
            }
            Err(refusal) if rules.strict => return Err(refusal),
            Err(refusal) => {
                first_bad = first_bad.or(Some(refusal));
                // Its own bytes: one letter must not keep the whole body.
                let bytes = Bytes::copy_from_slice(&record);
                (Payload::Unreadable { bytes, problem: refusal.to_string() }, None)
            }
        };
        let seed = Seed::Random(chance.u128(..));
        // Its place among those that were sent together, counted as lines are.
        let line = u64::try_from(position).ok().map(|position| position.saturating_add(1));
        let line = line.filter(|_| is_one_of_several);
        arrivals.push(Arrival {
            payload,
            identity,
            origin: Origin { line, seed, ..rules.origin.clone() },
        });
    }
    match first_bad {
        Some(refusal) if !has_good => Err(refusal),
        Some(_) | None => Ok(arrivals),
    }
}

/// The event that a record is, by the gateway's rules.
fn read(record: &[u8], shape: Shape) -> Result<Members<'_>, Refusal> {
    let text = std::str::from_utf8(record).map_err(|_| Refusal::NotJson)?;
    if Kind::of(text) != Kind::Object {
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        return Err(if is_json { Refusal::NotAnEvent } else { Refusal::NotJson });
    }
    let event = Members::parse(text).map_err(|_| Refusal::NotJson)?;
    let is_about_somebody = match shape {
        // A webhook need not be about a person, and the sink has rules of its own.
        Shape::Any => true,
        Shape::Batch => Ids::of(&event).suffice(event.get("type")),
        Shape::Single(_) => Ids::of(&event).suffice(None),
    };
    if is_about_somebody { Ok(event) } else { Err(Refusal::Nobody) }
}

#[cfg(test)]
mod tests;
