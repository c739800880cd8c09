//! One connection of HTTP/1.1, to its end.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// What bounds a connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::runner) struct Limits {
    /// How long a head may take, and how long nothing may come
    pub(in crate::runner) header_timeout: Duration,
    /// Security: the most it keeps of what it has read and not understood: a request's head, above all
    pub(in crate::runner) max_head_bytes: usize,
    /// After that long it ends with its next answer
    pub(in crate::runner) max_age: Duration,
    /// How long it may take to end
    pub(in crate::runner) grace: Duration,
}

/// Serves the requests of `stream`, one after the other.
// Correctness: the connection is polled in place throughout. Dropped, its request under way is dropped with it.
pub(in crate::runner) async fn serve<B, F>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    limits: Limits,
    stop: CancellationToken,
    answer: impl Fn(Request<Incoming>) -> F,
) where
    F: Future<Output = Result<Response<B>, Infallible>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.max_head_bytes)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // A timeout is as good a reason as the other.
        _ = timeout(limits.max_age, stop.cancelled()) => {
            connection.as_mut().graceful_shutdown();
            // Security: a client that does not read its answers would keep its place for ever.
            match timeout(limits.grace, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection that did not end is cut"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection has failed");
    }
}
