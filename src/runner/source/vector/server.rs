//! Connections: HTTP/2 from the first byte, as gRPC has it.
//!
//! In: a listener, and who answers. It knows nothing of what is asked.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::service::Vector;
use crate::config::VectorSource;
use crate::runner::listener::http2::{self, Limits};
use crate::runner::listener::{Accepted, Listener};

/// How long a connection may be without a request; hyper's clients, Vector's among them, close theirs after 90 s.
const IDLE: Duration = Duration::from_secs(120);

/// What bounds a connection by these settings.
pub(super) fn limits(settings: &VectorSource) -> Limits {
    Limits {
        keepalive_interval: settings.keepalive_interval,
        keepalive_timeout: settings.keepalive_timeout,
        idle: IDLE,
        max_age: None,
    }
}

/// Serves `vector` on `listener` until `stop`, and then until nobody waits for an answer. Everything ends when it is
/// dropped.
pub(super) async fn serve(
    listener: Listener,
    limits: Limits,
    vector: Vector,
    stop: CancellationToken,
) {
    let until = stop.clone();
    let connection = move |Accepted { stream, .. }: Accepted| {
        requests(stream, limits, vector.clone(), until.clone())
    };
    listener.serve(stop, connection).await;
}

/// Serves the requests of one connection.
async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    limits: Limits,
    vector: Vector,
    stop: CancellationToken,
) {
    http2::serve(stream, limits, stop, |request| vector.clone().answer(request)).await;
}

#[cfg(test)]
mod tests;
