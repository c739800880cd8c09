//! What rides on an event through batch and lanes, and the dead letter it may become.

use std::sync::Arc;

use tokio::time::Instant;

use super::deadlines::Place;
use super::expiration::Lifetime;
use super::window::Room;
use super::{DeadLetter, Identity, Refused, Resume};
use crate::courier::{Endpoint, Generation};
use crate::delivery::{Failure, FailureKind, Outcome};
use crate::event::{Event, Id, MessageId, Origin};
use crate::finalization::{Advance, EventFinalizer};
use crate::ingest::Clues;
use crate::tap::Number;
use crate::telemetry::{EventSpan, Rejection};

/// An event that is inside, with everything its end needs.
#[derive(Debug)]
pub(super) struct Cargo {
    pub(super) event: Event,
    pub(super) origin: Origin,
    pub(super) finalizer: EventFinalizer,
    /// What it takes of the window
    pub(super) room: Room,
    /// Whether Courier did anything for it, beyond saying that it is filtered
    pub(super) was_accepted: bool,
    /// What ended it, if a request failed for good
    pub(super) failed: Option<Box<Ending>>,
    /// Where its event went on, if a part of it was done before
    pub(super) resume: Option<Box<Resume>>,
    /// How old it may become, if that is limited
    pub(super) lifetime: Option<Box<Lifetime>>,
    /// What it is shown by, if it is shown to somebody
    pub(super) shown: Option<Number>,
    /// The fingerprint of the rules its steps were planned by
    pub(super) rules: u32,
    /// When it came in
    pub(super) came_in: Instant,
    /// Where its deadline stands, if it has one
    pub(super) place: Option<Place>,
    /// Its span, where somebody wants one
    pub(super) span: Option<Arc<EventSpan>>,
}

/// The position of a plan among what may be done of an event: steps are told apart within it, and mean nothing in another.
pub(super) fn plan(rules: u32) -> usize {
    usize::try_from(rules).unwrap_or(usize::MAX)
}

/// Security: the most that is repeated of another event's id; a longer one is found by its beginning.
const MAX_ID_CHARS: usize = 200;

/// Why an event ended after a request was tried, or while one waited.
#[derive(Debug)]
pub(super) struct Ending {
    reason: Rejection,
    detail: String,
    endpoint: Endpoint,
    step: usize,
    generation: Generation,
    /// Whether only another key can get past the answer
    needs_new_key: bool,
    status: Option<u16>,
    excerpt: Option<String>,
}

impl Cargo {
    pub(super) fn accept(&mut self, outcome: Outcome) {
        self.was_accepted |= outcome != Outcome::Filtered;
    }

    /// The moment from which on nothing of it is begun any more.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.lifetime.as_ref().map(|lifetime| lifetime.deadline())
    }

    /// What went wrong with it, if anything did.
    pub(super) fn detail(&self) -> Option<&str> {
        self.failed.as_ref().map(|ending| ending.detail.as_str())
    }

    /// The generation its idempotency keys begin with.
    pub(super) fn generation(&self) -> Generation {
        self.resume.as_ref().map(|resume| resume.generation).unwrap_or_default()
    }

    /// Says that a step is done for good.
    pub(super) fn advance(&mut self, step: usize) {
        let step = self.resume.as_ref().map_or(step, |resume| resume.position(step));
        let advance = Advance::Part(step, &Advance::Whole);
        self.finalizer.advance(&Advance::Part(plan(self.rules), &advance));
    }

    /// Says that it goes back, what of it is done all the same, and which idempotency keys are used up.
    pub(super) fn tell_back(&mut self, steps_done: &[usize]) {
        // A step that was under way when the others were given up has not been told.
        for step in steps_done {
            self.advance(*step);
        }
        let Generation(next) = self.next_generation();
        self.finalizer.advance(&Advance::Back(next));
    }

    /// The generation its keys begin with when it is sent again.
    fn next_generation(&self) -> Generation {
        match &self.failed {
            Some(ending) if ending.needs_new_key => ending.generation.next(),
            Some(ending) => ending.generation,
            None => self.generation(),
        }
    }

    /// Notes that the request of a step failed for good. Of several the last one counts, an answer before silence.
    pub(super) fn fail(&mut self, step: usize, endpoint: Endpoint, failure: &Failure) {
        let reason = match failure.kind {
            FailureKind::Unsendable => Rejection::Unsendable,
            FailureKind::Expired => Rejection::Expired,
            FailureKind::Refused if failure.answer.as_ref().is_some_and(|it| it.status == 403) => {
                Rejection::Forbidden
            }
            FailureKind::Throttled
            | FailureKind::Unavailable
            | FailureKind::Network
            | FailureKind::TimedOut
            | FailureKind::Unauthorized
            | FailureKind::Forbidden
            | FailureKind::Refused => Rejection::Answered,
        };
        let detail = match (&self.lifetime, failure.kind) {
            (Some(lifetime), FailureKind::Expired) => lifetime.detail(&failure.detail),
            _ => failure.to_string(),
        };
        let step = self.resume.as_ref().map_or(step, |resume| resume.position(step));
        let (mut generation, mut needs_new_key) =
            (failure.generation.max(self.generation()), failure.answer_is_stored());
        if let Some(before) = &mut self.failed {
            // One generation stands for all steps that are left: the one past every key that was used up.
            generation = generation.max(before.generation);
            needs_new_key |= before.needs_new_key;
            if before.status.is_some() && failure.answer.is_none() {
                (before.generation, before.needs_new_key) = (generation, needs_new_key);
                return;
            }
        }
        let answer = failure.answer.as_ref();
        let (status, excerpt) = answer.map(|it| (it.status, it.excerpt.clone())).unzip();
        self.failed = Some(Box::new(Ending {
            reason,
            detail,
            endpoint,
            step,
            generation,
            needs_new_key,
            status,
            excerpt,
        }));
    }

    /// Notes that the event with the id `before` was rejected, which this one's step waited for in its lane. A request
    /// of its own that failed tells more.
    pub(super) fn follow(&mut self, step: usize, endpoint: Endpoint, before: &MessageId) {
        if self.failed.is_some() {
            return;
        }
        let before: String = before.as_str().chars().take(MAX_ID_CHARS).collect();
        self.failed = Some(Box::new(Ending {
            reason: Rejection::Follower,
            detail: format!("the event before it in its lane was rejected: {before}"),
            endpoint,
            step: self.resume.as_ref().map_or(step, |resume| resume.position(step)),
            generation: self.generation(),
            needs_new_key: false,
            status: None,
            excerpt: None,
        }));
    }

    /// The letter for an event that ended Rejected, and what is left of its cargo. `steps_done` are steps of this time.
    pub(super) fn into_letter(self, steps_done: Vec<usize>) -> (DeadLetter, EventFinalizer, Room) {
        let Self { event, origin, finalizer, room, failed, resume, .. } = self;
        let steps_done = match resume {
            Some(resume) => resume.all_done(&steps_done),
            None => steps_done,
        };
        let letter = match failed.map(|ending| *ending) {
            Some(Ending {
                reason, detail, endpoint, step, generation, status, excerpt, ..
            }) => DeadLetter {
                answer: Some(Refused { endpoint, step, steps_done, generation, status, excerpt }),
                ..letter(&event, origin, reason, detail)
            },
            None => letter(&event, origin, Rejection::Refused, String::new()),
        };
        (letter, finalizer, room)
    }

    /// Where an event that went on once goes on next time, and why it has to.
    pub(super) fn returned(&self, steps_done: &[usize]) -> Option<(Resume, &str)> {
        let resume = self.resume.as_ref()?;
        let failed = self.failed.as_ref();
        let generation = self.next_generation();
        let steps_done = resume.all_done(steps_done);
        let detail = failed.map_or("an event before it was not delivered", |it| &it.detail);
        Some((Resume { steps_done, generation, ..(**resume).clone() }, detail))
    }
}

/// The letter for an event that became no request.
pub(super) fn letter(
    event: &Event,
    origin: Origin,
    reason: Rejection,
    detail: String,
) -> DeadLetter {
    let user = event.user_id.as_ref().map(Id::as_str);
    let user = user.or_else(|| event.anonymous_id.as_ref().map(Id::as_str));
    DeadLetter {
        reason,
        detail,
        origin,
        record: event.body.to_bytes(),
        event: Some(Identity {
            kind: Some(event.kind),
            message_id: Some(event.message_id.as_str().to_owned()),
            user: user.map(str::to_owned),
        }),
        answer: None,
    }
}

/// Whose a record is that is no event; nothing where nothing can be read of it.
pub(super) fn identity(clues: &Clues) -> Option<Identity> {
    let Clues { kind, message_id, user_id, anonymous_id } = clues;
    let user = user_id.as_ref().map(Id::as_str);
    let user = user.or_else(|| anonymous_id.as_ref().map(Id::as_str));
    let message_id = message_id.as_ref().map(|id| id.as_str().to_owned());
    let identity = Identity { kind: *kind, message_id, user: user.map(str::to_owned) };
    (*clues != Clues::default()).then_some(identity)
}
