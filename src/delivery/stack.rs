//! The stack of one class of endpoints, outermost layer first, and why each stands where it does.

use std::sync::{Arc, Mutex};

use tower::retry::{Retry, RetryLayer};
use tower::{Service, ServiceBuilder};

use super::admission::{Admission, AdmissionLayer};
use super::expiry::{Expires, Expiry, ExpiryLayer};
use super::gate::Gate;
use super::noting::{Noting, NotingLayer};
use super::observe::{Observe, ObserveLayer};
use super::retry::RetryPolicy;
use super::tenants::{Tenants, TenantsLayer};
use super::timeout::{Timeout, TimeoutLayer};
use super::{Call, Failure, Receipt};
use crate::clock::{Clock, Time};
use crate::courier::{Class, retention};
use crate::telemetry::Tally;

/// The stack of one class over the transport `S`.
pub type Stack<S> = Observe<Expires<Tenants<Retry<RetryPolicy, Noting<Admission<Timeout<S>>>>>>>;

/// What all stacks of one sink share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Its settings, pace, permits, pauses and hold
    pub gate: Arc<Gate>,
    /// Where jitter is drawn from
    pub chance: Arc<Mutex<fastrand::Rng>>,
    /// Where attempts are counted
    pub tally: Arc<Tally>,
    /// The time of day, which Courier is told when it may forget a key
    pub clock: Clock,
}

impl Shared {
    /// Until when Courier is to remember a key that is used for the first time now, by work that ends with `expiry`; `None`
    /// where it does so anyway.
    pub fn key_expires(&self, expiry: Option<&Expiry>) -> Option<Time> {
        let horizon = self.gate.key_horizon();
        let horizon = expiry.map_or(horizon, |expiry| horizon.min(expiry.left()));
        let length = retention(horizon)?;
        Some(self.clock.now().after(length))
    }
}

/// Builds the stack of `class`. `poll_ready` has no request and so knows no class: hence a stack for each.
pub fn stack<S>(class: Class, shared: &Shared, transport: S) -> Stack<S>
where
    S: Service<Call, Response = Receipt, Error = Failure> + Clone,
{
    let Shared { gate, tally, .. } = shared.clone();
    ServiceBuilder::new()
        // Sees what the operator does: everything below, as one delivery.
        .layer(ObserveLayer::new(class, Arc::clone(&tally)))
        // Outside everything a step may wait in: wherever it does, it ends in time.
        .layer(ExpiryLayer)
        // A tenant's update is two requests: above retry, so that each is repeated and paid for on its own.
        .layer(TenantsLayer)
        // Outside everything that costs a slot, so that a sleeping call holds none.
        .layer(RetryLayer::new(RetryPolicy::new(shared.clone())))
        // Above admission, whose waits it tells: each attempt is noted where an event's life is.
        .layer(NotingLayer::new(Arc::clone(&gate), class))
        // Inside retry: each attempt pays, with a token and a permit taken together or neither.
        .layer(AdmissionLayer::new(Arc::clone(&gate), class, tally))
        // One attempt, and only while it is under way: waiting for a turn is not Courier's fault.
        .layer(TimeoutLayer::new(gate))
        // Signs each attempt anew, sends it, judges the answer.
        .service(transport)
}

/// Says that the next call of `stack` is the first try of a step; clones, which the stack makes for whatever comes
/// after, are for retries. Where both wait for their turn, retries get the smaller share.
pub fn for_first_tries<S>(stack: &mut Stack<S>) {
    let retry = stack.get_mut().get_mut().get_mut();
    retry.get_mut().get_mut().for_first_tries();
}

#[cfg(test)]
mod tests;
