//! What becomes of those who wait in a lane: `on_rejected`. Whether users have lanes at all (`ordering`) is one of the
//! rules.

use super::block::Block;
use crate::sink::{OnRejected, Order};

/// | option | type | default | reason |
/// |---|---|---|---|
/// | `on_rejected` | `skip` or `dead_letter_followers` | `skip` | one bad event costs only itself |
pub(super) fn read(block: &mut Block<'_>) -> Order {
    Order {
        on_rejected: block.choice(
            "on_rejected",
            &[
                ("skip", OnRejected::Skip),
                ("dead_letter_followers", OnRejected::DeadLetterFollowers),
            ],
        ),
    }
}
