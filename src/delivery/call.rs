//! What the innermost service is asked, and what it answers when all is well.

use std::sync::Arc;

use bytes::Bytes;

use super::Expiry;
use crate::clock::Time;
use crate::courier::{Generation, IdempotencyKey, KeySeed, Request};
use crate::journal::Trail;

/// One attempt at one request. Cloning is cheap: retries clone it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The request
    pub request: Arc<Request>,
    /// What its idempotency key is made of, where it wants one
    pub seed: Option<KeySeed>,
    /// Which generation of the key is due
    pub generation: Generation,
    /// Whether it was answered 403 before, and how many holds had ended by then: when another has ended since, the key
    /// is right and this request is not let
    pub forbidden_at: Option<u64>,
    /// Until when Courier is asked to remember the key, if longer than it does anyway; the same for every attempt with it
    pub key_expires: Option<Time>,
    /// Until when it may be attempted; at any time where absent
    pub expiry: Option<Arc<Expiry>>,
    /// Where its attempts are noted, if anywhere
    pub trail: Option<Arc<Trail>>,
}

impl Call {
    /// The first attempt at `request`; its key is made of `seed` if the request wants one.
    pub fn new(request: Request, seed: Option<KeySeed>) -> Self {
        let seed = seed.filter(|_| request.wants_key());
        Self {
            request: Arc::new(request),
            seed,
            generation: Generation::default(),
            forbidden_at: None,
            key_expires: None,
            expiry: None,
            trail: None,
        }
    }

    /// The idempotency key of this attempt.
    pub fn key(&self) -> Option<IdempotencyKey> {
        self.seed.as_ref().map(|seed| seed.key(&self.request, self.generation))
    }
}

/// Courier took the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The status code
    pub status: u16,
    /// What it means
    pub outcome: Outcome,
    /// The answer's body; empty unless the request was a GET
    pub body: Bytes,
}

/// What a good answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done
    Accepted,
    /// Courier had it already: a 409 on `/inbound`, which de-duplicates by `messageId`
    Duplicate,
    /// A journey whose trigger conditions do not hold: a 422 on `/journeys`
    Filtered,
    /// A GET found nothing: a 404
    Absent,
}
