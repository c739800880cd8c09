//! What a buffer's state wants of whoever feeds.

use crate::event::Origin;
use crate::finalization::Done;
use crate::sink::Payload;

/// What is to be done next.
#[derive(Debug)]
pub(in super::super) enum Next {
    /// Feed this record, which is of the block that begins with that sequence; so much of it is done
    Record { block: u64, sequence: u64, payload: Payload, origin: Origin, done: Done },
    /// Something was asked to be read: whoever reads is to be told
    Read,
    /// A record ended Errored: wait a while, then begin again with the oldest
    Again {
        /// Whether others ended for good meanwhile
        has_progressed: bool,
    },
    /// Somebody else goes on first
    Wait,
    /// Nothing is left, or nothing that gets anywhere
    End,
}
