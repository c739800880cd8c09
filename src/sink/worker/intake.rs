//! The way in: a record becomes events, an event steps in the open batch, or its end at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Driver;
use super::open::{Content, OpenRecord, Taken};
use super::{noting, showing};
use crate::clock::Clock;
use crate::event::{Event, Origin};
use crate::finalization::{Advance, EventFinalizer, EventStatus};
use crate::ingest::{self, Clues, DecodeError};
use crate::plan::{self, Lane, Plan, Planned, Step};
use crate::sink::cargo::{self, Cargo, letter};
use crate::sink::expiration::Lifetime;
use crate::sink::window::lane_of;
use crate::sink::{DeadLetter, Expiration, Payload, Record, Resume, Transport};
use crate::tap::End;
use crate::telemetry::{ErrorType, EventSpan, Rejection};

impl<S: Transport> Driver<S> {
    /// Decodes a record and plans what is in it.
    pub(super) fn take_in(&mut self, record: Record) {
        let Record { payload, origin, finalizer, resume, done } = record;
        self.left_behind.clear();
        match payload {
            Payload::Bytes(bytes) => {
                let decoding = ingest::decode(&bytes, &origin, &self.settings.ingest);
                match OpenRecord::open(decoding, finalizer, done) {
                    Content::Nothing(finalizer) => finalizer.finalize(EventStatus::Delivered),
                    Content::One(taken) => self.take_event(taken, &origin, resume),
                    Content::Several(record) => self.take_open(record),
                }
            }
            Payload::Unreadable { bytes, problem } => {
                if done.went_back() {
                    self.shared.tally.again();
                }
                self.shared.tally.unreadable(bytes.len());
                let letter = unreadable_letter(origin, bytes, problem);
                let (span, finalizer) = self.traced(finalizer);
                self.reject(letter, finalizer, span.as_deref());
            }
        }
    }

    /// Takes in the next event of the record that is open.
    pub(super) fn take_open(&mut self, record: Box<OpenRecord>) {
        let origin = record.origin().clone();
        let (taken, rest) = record.take();
        self.open = rest;
        self.take_event(taken, &origin, None);
    }

    fn take_event(&mut self, taken: Taken, origin: &Origin, resume: Option<Resume>) {
        let Taken { event, finalizer, done } = taken;
        if done.is_whole() {
            // It was counted when it ended.
            finalizer.finalize(EventStatus::Delivered);
            return;
        }
        if done.went_back() {
            self.shared.tally.again();
        }
        let resume = Resume::behind(resume, &done, cargo::plan(self.rules));
        let (span, finalizer) = self.traced(finalizer);
        match event {
            Ok(event) => self.plan(event, origin, finalizer, resume, span),
            Err(error) => self.unreadable(error, finalizer, span.as_deref()),
        }
    }

    /// The span of an event, where somebody wants one, and the finalizer that ends it too.
    fn traced(&self, finalizer: EventFinalizer) -> (Option<Arc<EventSpan>>, EventFinalizer) {
        let span = EventSpan::begin(self.shared.tally.component());
        let finalizer = match &span {
            Some(span) => span.watch(finalizer),
            None => finalizer,
        };
        (span, finalizer)
    }

    fn plan(
        &mut self,
        mut event: Event,
        origin: &Origin,
        mut finalizer: EventFinalizer,
        resume: Option<Resume>,
        span: Option<Arc<EventSpan>>,
    ) {
        if let Some(span) = &span {
            span.is(event.kind.as_str());
        }
        if let Some(resume) = &resume {
            resume.name(&mut event);
        }
        let tally = &self.shared.tally;
        tally.event(event.kind, event.body.as_str().len());
        let planned = plan::plan(&event, &self.settings.rules);
        if planned.ignored_inline.is_some() {
            tally.ignored_inline();
        }
        if let Some(journal) = &self.journal {
            noting::taken(journal, &event, origin, &planned);
        }
        let Planned { plan, .. } = planned;
        let tap = self.tap.as_ref();
        let shown = tap.and_then(|tap| showing::came(tap, &event, origin, &plan));
        match plan {
            Plan::Skip(reason) => {
                tally.skipped(reason);
                if let Some(span) = span {
                    span.skipped(reason);
                }
                finalizer.finalize(EventStatus::Delivered);
            }
            Plan::Refuse(refusal) => {
                tally.error(ErrorType::Conversion);
                let detail = refusal.to_string();
                let letter = letter(&event, origin.clone(), Rejection::Refused, detail);
                self.reject(letter, finalizer, span.as_deref());
            }
            Plan::Steps(steps) => {
                let steps = match &resume {
                    Some(resume) => resume.rest(steps),
                    None => steps,
                };
                if steps.is_empty() {
                    tally.delivered(event.body.as_str().len(), Duration::ZERO);
                    showing::ended(tap, shown, || End::Delivered);
                    let detail = "nothing of it was left to do";
                    noting::at_once(self.journal.as_ref(), &event, EventStatus::Delivered, detail);
                    finalizer.finalize(EventStatus::Delivered);
                    return;
                }
                if is_left_behind(&mut self.left_behind, &steps) {
                    tally.errored();
                    let detail = showing::BEHIND;
                    showing::ended(tap, shown, || End::Errored(detail.to_owned()));
                    noting::at_once(self.journal.as_ref(), &event, EventStatus::Errored, detail);
                    finalizer.advance(&Advance::Back(0));
                    finalizer.finalize(EventStatus::Errored);
                    return;
                }
                let size = event.body.as_str().len();
                let requests: usize = steps.iter().map(|step| step.action.weight()).sum();
                let weight = size.saturating_add(requests);
                let room = self.window.enter(lane_of(&steps), weight, self.moment);
                self.shared.tally.entered(weight);
                let expiration = &self.settings.expiration;
                let clock = &self.shared.clock;
                let lifetime = lifetime(expiration, &event, resume.as_ref(), clock).map(Box::new);
                let origin = origin.clone();
                let cargo = Box::new(Cargo {
                    event,
                    origin,
                    finalizer,
                    room,
                    was_accepted: false,
                    failed: None,
                    resume: resume.map(Box::new),
                    lifetime,
                    shown,
                    rules: self.rules,
                    came_in: self.epoch + self.moment,
                    place: None,
                    span,
                });
                self.batch.push((cargo, steps), size, self.moment);
            }
        }
    }

    fn unreadable(
        &mut self,
        error: DecodeError,
        finalizer: EventFinalizer,
        span: Option<&EventSpan>,
    ) {
        self.shared.tally.unreadable(error.record.len());
        let problem = match error.position {
            0 => error.problem.to_string(),
            before => format!("event {}: {}", before + 1, error.problem),
        };
        let letter = unreadable_letter(error.origin, error.record, problem);
        self.reject(letter, finalizer, span);
    }

    fn reject(&mut self, letter: DeadLetter, finalizer: EventFinalizer, span: Option<&EventSpan>) {
        if let Some(span) = span {
            span.rejected(letter.reason);
        }
        if letter.reason == Rejection::Unreadable {
            self.shared.tally.error(ErrorType::Parser);
            if let Some(tap) = &self.tap {
                showing::unreadable(tap, &letter);
            }
        }
        let bytes = letter.record.len();
        let room = self.window.enter(Lane::None, bytes, self.moment);
        self.shared.tally.entered(bytes);
        self.letters.send(letter, finalizer, room);
    }
}

/// Whether a step is in one of `lanes`; then all of its event's are from now on, as it comes again behind those.
fn is_left_behind(lanes: &mut HashSet<Lane>, steps: &[Step]) -> bool {
    let is_behind = !lanes.is_empty() && steps.iter().any(|step| lanes.contains(&step.lane));
    if is_behind {
        lanes.extend(lanes_of(steps));
    }
    is_behind
}

/// The lanes in which an order is kept.
pub(super) fn lanes_of(steps: &[Step]) -> impl Iterator<Item = Lane> {
    steps.iter().map(|step| &step.lane).filter(|lane| **lane != Lane::None).cloned()
}

/// How old the event that comes in is and may become; `None` where it may become any age, and then no clock is asked.
fn lifetime(
    expiration: &Expiration,
    event: &Event,
    resume: Option<&Resume>,
    clock: &Clock,
) -> Option<Lifetime> {
    let limit = expiration.limit(event)?;
    if resume.is_some_and(|resume| resume.ignores_expiry) {
        return None;
    }
    Some(Lifetime { began: Instant::now(), age: expiration.age(event, clock.now()), limit })
}

fn unreadable_letter(origin: Origin, record: Bytes, detail: String) -> DeadLetter {
    let event = cargo::identity(&Clues::of(&record));
    DeadLetter { reason: Rejection::Unreadable, detail, origin, record, event, answer: None }
}
