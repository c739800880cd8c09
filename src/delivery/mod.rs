//! The tower stack: how often, how fast, how many at once.
//!
//! It knows calls and failures. It knows neither HTTP nor finalizers: the innermost service is whatever takes a
//! [`Call`] and gives a [`Receipt`] or a [`Failure`].

mod call;
mod failure;
mod settings;

pub use call::{Call, Outcome, Receipt};
pub use failure::{Answer, Failure, FailureKind, Verdict};
pub use settings::{Jitter, Rate, Retry, Settings};
