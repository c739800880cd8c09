//! Steps to parcels that may travel: when they go, and after whom.
//!
//! In: planned events with whatever rides on them. Out: one step at a time, each lane in its order. Pure: it is told
//! the time, and carries finalizers without looking at them.

mod gather;
mod lanes;
mod limits;
mod merge;

pub use gather::Gather;
pub use lanes::{Anew, Ended, Lanes, Parcel, StepId};
pub use limits::Limits;
