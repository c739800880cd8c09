//! What those have to bear who wait in a lane: `on_rejected` and `ordering_max_wait_secs`. Whether users have lanes at
//! all (`ordering`) is one of the rules.

use super::block::Block;
use crate::sink::{OnRejected, Order};

/// | option | type | default | reason |
/// |---|---|---|---|
/// | `on_rejected` | `skip` or `dead_letter_followers` | `skip` | one bad event costs only itself |
/// | `ordering_max_wait_secs` | number | 3600 | as long as a wait that Courier asks for is believed |
pub(super) fn read(block: &mut Block<'_>) -> Order {
    let default = Order::default();
    Order {
        on_rejected: block.choice(
            "on_rejected",
            &[
                ("skip", OnRejected::Skip),
                ("dead_letter_followers", OnRejected::DeadLetterFollowers),
            ],
        ),
        max_wait: block.seconds("ordering_max_wait_secs", default.max_wait),
    }
}
