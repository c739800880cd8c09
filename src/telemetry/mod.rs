//! Every name an operator sees, in one place: metrics, their labels as enums, and one struct for each thing that is told.
//!
//! Handles are made once, when a sink is built, through the `metrics` facade: without a recorder, or without a
//! [`Component`], they are empty. So are spans where nobody subscribes to [`TRACES`]. It may name kinds of events and of
//! requests, and holds no id and no secret.

mod attempts;
mod component;
mod constraint;
mod errors;
mod family;
mod flow;
mod metric;
pub mod names;
mod reason;
mod repeats;
mod source_errors;
mod spans;
mod tally;
mod totals;
#[cfg(test)]
mod tests;

pub(crate) use attempts::{AttemptEnd, DeliveryEnd, Found, Load};
pub use component::{BufferType, Component};
pub(crate) use component::{bytes, number};
pub use constraint::Constraint;
pub use errors::{ErrorType, Stage};
pub use metric::{Metric, MetricKind};
pub use reason::{Rejection, SkipReason};
pub(crate) use repeats::Repeats;
pub use source_errors::SourceErrors;
pub use spans::TARGET as TRACES;
pub(crate) use spans::{AttemptSpan, EventSpan, Times};
pub use tally::Tally;
pub use totals::Totals;
