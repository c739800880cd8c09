//! Connections: accepted as long as there is room, served one request after the other, ended when it is time.
//!
//! HTTP/1.1 only, as RudderStack's gateway has it in clear text: one connection's requests are taken in their order.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::Shared;
use super::routes::{Peer, router};
use crate::config::HttpServerSource;

/// Security: the most a connection keeps of what it has read and not understood: a request's head, above all.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How long to wait before another connection is accepted when that has failed: most likely there are no more files.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What bounds a connection.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// How long a head may take, and how long nothing may come
    header_timeout: Duration,
    /// After that long it ends with its next answer
    max_age: Duration,
    /// How long it may take to end: no answer takes longer
    grace: Duration,
}

/// A listener and all that is served on it.
#[derive(Debug)]
pub(super) struct Connections {
    listener: TcpListener,
    max: usize,
    bounds: Bounds,
    router: Router,
    stop: CancellationToken,
}

impl Bounds {
    /// As configured.
    pub(super) fn new(settings: &HttpServerSource) -> Self {
        let HttpServerSource { header_timeout, body_timeout, max_connection_age, .. } = *settings;
        let grace = header_timeout + body_timeout + settings.door.acknowledgement_timeout;
        Self { header_timeout, max_age: max_connection_age, grace }
    }
}

impl Connections {
    pub(super) fn new(
        listener: TcpListener,
        shared: &Arc<Shared>,
        stop: CancellationToken,
    ) -> Self {
        let bounds = Bounds::new(&shared.settings);
        let max = shared.settings.max_connections.get();
        Self { listener, max, bounds, router: router(shared), stop }
    }

    /// Cancelled once nothing more is to be accepted.
    pub(super) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Serves until it is told to stop and every answer that is owed has been written. Spawns a task for each connection;
    /// dropped, all of them end.
    // Correctness: accepting loses nothing when it is dropped; what ends wakes us as well, so that its place is free.
    pub(super) async fn serve(self) {
        let Self { listener, max, bounds, router, stop } = self;
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept(), if connections.len() < max => match accepted {
                    Ok((stream, peer)) => {
                        if let Err(error) = stream.set_nodelay(true) {
                            tracing::debug!(%error, "a connection keeps its delay for small packets");
                        }
                        let (router, bounds, stop) = (router.clone(), bounds.clone(), stop.clone());
                        connections.spawn(connection(stream, peer.ip(), router, bounds, stop));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection cannot be accepted");
                        sleep(ACCEPT_AGAIN_AFTER).await;
                    }
                },
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }
}

/// Serves one connection to its end.
// Correctness: the connection is polled in place throughout. Dropped, its request under way is dropped with it.
pub(super) async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: IpAddr,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.header_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ended_or_old(&stop, bounds.max_age) => {
            connection.as_mut().graceful_shutdown();
            // Security: a client that does not read its answers would keep its place for ever.
            match timeout(bounds.grace, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection that did not end is cut"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection has failed");
    }
}

async fn ended_or_old(stop: &CancellationToken, max_age: Duration) {
    // A timeout is as good a reason as the other.
    let _ = timeout(max_age, stop.cancelled()).await;
}
