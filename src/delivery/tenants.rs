//! The layer that turns the update of a tenant into its two requests, each with retries and pace of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

use super::{Call, Expiry, Failure, FailureKind, Outcome, Receipt};
use crate::clock::Time;
use crate::courier::{
    Action, Generation, KeySeed, Request, TenantId, TenantMergeError, TenantUpdate, TenantWrite,
};
use crate::journal::Trail;

/// The work of one step, as the stack takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What to do
    pub action: Action,
    /// What its idempotency keys are made of
    pub seed: KeySeed,
    /// The generation its keys begin with: another than the first where it was refused before
    pub generation: Generation,
    /// Until when Courier is asked to remember its key, if longer than it does anyway
    pub key_expires: Option<Time>,
    /// Until when it may be attempted; at any time where absent
    pub expiry: Option<Arc<Expiry>>,
    /// Where its attempts are noted, if anywhere
    pub trail: Option<Arc<Trail>>,
}

/// Puts [`Tenants`] around a service.
#[derive(Clone, Copy, Debug)]
pub struct TenantsLayer;

/// Does the work of a step: one call, or for a tenant's update a GET and, if it is due, a PUT.
#[derive(Clone, Debug)]
pub struct Tenants<S>(S);

impl<S> Tenants<S> {
    /// The service that makes the calls.
    pub(super) const fn get_mut(&mut self) -> &mut S {
        &mut self.0
    }
}

impl<S> Layer<S> for TenantsLayer {
    type Service = Tenants<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Tenants(inner)
    }
}

impl<S> Service<Work> for Tenants<S>
where
    S: Service<Call, Response = Receipt, Error = Failure> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Receipt;
    type Error = Failure;
    type Future = WorkFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, work: Work) -> Self::Future {
        match work.action {
            Action::Request(request) => {
                let call = Call::new(request, Some(work.seed));
                let Work { generation, key_expires, expiry, trail, .. } = work;
                let call = Call { generation, key_expires, expiry, trail, ..call };
                WorkFuture { kind: Kind::One { call: self.0.call(call) } }
            }
            Action::UpdateTenant { tenant, update } => {
                // The service that is ready makes the first call; a clone gets ready for the second.
                let fresh = self.0.clone();
                let mut ready = std::mem::replace(&mut self.0, fresh);
                // Begun here, as any other call: what was admitted must not lie about until somebody looks at it.
                let read = Request::GetTenant { tenant: tenant.clone() };
                let (expiry, trail) = (work.expiry, work.trail);
                let read =
                    Call { expiry: expiry.clone(), trail: trail.clone(), ..Call::new(read, None) };
                let read = ready.call(read);
                let calls = read_and_write(read, ready, (tenant, update), (expiry, trail));
                WorkFuture { kind: Kind::Two { calls: Box::pin(calls) } }
            }
        }
    }
}

async fn read_and_write<S>(
    read: S::Future,
    mut service: S,
    (tenant, update): (TenantId, TenantUpdate),
    (expiry, trail): (Option<Arc<Expiry>>, Option<Arc<Trail>>),
) -> Result<Receipt, Failure>
where
    S: Service<Call, Response = Receipt, Error = Failure>,
{
    let receipt = read.await?;
    let body = match (receipt.outcome, update.write) {
        (Outcome::Absent, _) => update.create().map_err(TenantMergeError::from),
        (_, TenantWrite::CreateOnly) => return Ok(receipt),
        (_, TenantWrite::Merge) => update.merge_into(&receipt.body),
    };
    drop(receipt);
    let body =
        body.map_err(|error| Failure::without_answer(FailureKind::Unsendable, error.to_string()))?;
    let write = Request::PutTenant { tenant, body };
    // The write may be admitted at once. Where it has to wait, the layer above looks at the time.
    if let Some(expiry) = expiry.as_ref().filter(|expiry| expiry.forbids(Instant::now())) {
        return Err(expiry.failure());
    }
    let write = Call { expiry, trail, ..Call::new(write, None) };
    service.ready().await?.call(write).await
}

type Calls = Pin<Box<dyn Future<Output = Result<Receipt, Failure>> + Send>>;

pin_project! {
    /// A step under way. Dropping it aborts the call that is under way.
    pub struct WorkFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F> {
        One { #[pin] call: F },
        Two { calls: Calls },
    }
}

impl<F> std::fmt::Debug for WorkFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkFuture").finish_non_exhaustive()
    }
}

impl<F: Future<Output = Result<Receipt, Failure>>> Future for WorkFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::One { call } => call.poll(cx),
            KindProjection::Two { calls } => calls.as_mut().poll(cx),
        }
    }
}

#[cfg(test)]
mod tests;
