//! Every name an operator sees, in one place: reasons as enums, counters as one struct.
//!
//! It may name kinds of events and of requests; it knows nothing of single events, and holds no id and no secret.

mod reason;
mod tally;

pub use reason::{Rejection, SkipReason};
pub use tally::{Tally, Totals};
