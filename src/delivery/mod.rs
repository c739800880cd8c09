//! The tower stack: how often, how fast, how many at once.
//!
//! It knows calls and failures. It knows neither HTTP nor finalizers: the innermost service is whatever takes a
//! [`Call`] and gives a [`Receipt`] or a [`Failure`].

mod adaptive_rate;
mod admission;
mod backoff;
mod bucket;
mod call;
mod concurrency;
mod expiry;
mod failure;
mod gate;
mod noting;
mod observe;
mod retry;
mod settings;
mod stack;
mod strategy;
mod tenants;
#[cfg(test)]
mod testing;
mod timeout;

pub use adaptive_rate::RateController;
pub use admission::{Admission, AdmissionLayer, Attempt};
pub use call::{Call, Outcome, Receipt};
pub use concurrency::{ConcurrencyController, Signal};
pub use expiry::{Expires, ExpiringFuture, Expiry, ExpiryLayer};
pub use failure::{Answer, Failure, FailureKind, Verdict};
pub use gate::{Gate, GateReport, HoldReason};
pub use noting::{Noted, Noting, NotingLayer};
pub use observe::{Observe, ObserveLayer, Observed};
pub use retry::RetryPolicy;
pub use settings::{
    AdaptiveConcurrency, AdaptiveRate, Concurrency, Jitter, PerSecond, Rate, Ratio, Retry, Scale,
    Settings,
};
pub use stack::{Shared, Stack, for_first_tries, stack};
pub use strategy::RetryStrategy;
pub use tenants::{Tenants, TenantsLayer, Work, WorkFuture};
pub use timeout::{Timeout, TimeoutFuture, TimeoutLayer};
