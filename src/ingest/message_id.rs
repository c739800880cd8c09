//! Ids for events that carry none, the same each time the same event is read.

use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::event::{MessageId, Seed};

/// What is left to make an id of when the event itself gives nothing unique.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fallback {
    pub(super) seed: Seed,
    pub(super) position: usize,
}

/// Whether an event says when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Some,
    None,
}

impl Fallback {
    /// An id made of the event's text where that carries a time, else of where it stood as well, else of chance.
    pub(super) fn make(&self, text: &str, times: Times) -> MessageId {
        let position = u64::try_from(self.position).unwrap_or(u64::MAX).to_be_bytes();
        let uuid = match (times, self.seed) {
            (Times::Some, _) => Builder::from_custom_bytes(digest([text.as_bytes()])),
            (Times::None, Seed::Position { fingerprint, offset }) => {
                Builder::from_custom_bytes(digest([
                    &fingerprint.to_be_bytes()[..],
                    &offset.to_be_bytes(),
                    &position,
                    text.as_bytes(),
                ]))
            }
            (Times::None, Seed::Random(bits)) => {
                Builder::from_random_bytes(digest([&bits.to_be_bytes()[..], &position]))
            }
        };
        let text = uuid.into_uuid().hyphenated().to_string();
        MessageId::new(&text).expect("a UUID is not blank")
    }
}

fn digest<const N: usize>(parts: [&[u8]; N]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    half
}
