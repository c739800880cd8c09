//! Whether Courier is there and takes the key.

use std::time::Duration;

use tower::ServiceExt;

use super::{Healthcheck, HealthcheckError, Transport};
use crate::courier::Request;
use crate::delivery::{Call, Failure, FailureKind};

/// One authorised request that changes nothing (`GET /tenants?limit=1`), within `timeout`. Dropping it aborts it.
pub fn healthcheck<S: Transport>(transport: S, timeout: Duration) -> Healthcheck {
    let call = Call::new(Request::ListTenants, None);
    Box::pin(async move {
        let answer = tokio::time::timeout(timeout, transport.oneshot(call)).await;
        let answer = answer.unwrap_or_else(|_| {
            let detail = format!("no answer within {} s", timeout.as_secs_f64());
            Err(Failure::without_answer(FailureKind::TimedOut, detail))
        });
        answer.map(|_| ()).map_err(HealthcheckError)
    })
}
