//! Connections: HTTP/1.1, and HTTP/2 where a client has asked for it by TLS.
//!
//! The requests of a connection of HTTP/1.1 are taken in their order. Those of HTTP/2 are sent at once, and nobody knows
//! their order.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::Shared;
use super::routes::{Peer, router};
use crate::config::HttpServerSource;
use crate::runner::listener::{Accepted, Listener, Protocol, http1, http2};

/// Security: the most a connection keeps of what it has read and not understood.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How often a silent client of HTTP/2 is asked whether it is still there, and how long it may take to answer, as the
/// `vector` source has it by default.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// What bounds a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    http1: http1::Limits,
    http2: http2::Limits,
}

impl Bounds {
    /// As configured.
    pub(super) fn new(settings: &HttpServerSource) -> Self {
        let HttpServerSource { header_timeout, body_timeout, max_connection_age, .. } = *settings;
        // No answer takes longer.
        let grace = header_timeout + body_timeout + settings.door.acknowledgement_timeout;
        Self {
            http1: http1::Limits {
                header_timeout,
                max_head_bytes: MAX_HEAD_BYTES,
                max_age: max_connection_age,
                grace,
            },
            http2: http2::Limits {
                keepalive_interval: KEEPALIVE_INTERVAL,
                keepalive_timeout: KEEPALIVE_TIMEOUT,
                idle: header_timeout,
                max_age: Some(max_connection_age),
            },
        }
    }
}

/// Serves `listener` until `stop`, and until every answer that is owed has been written. Dropped, everything ends.
pub(super) async fn serve(listener: Listener, shared: &Arc<Shared>, stop: CancellationToken) {
    let (bounds, router, until) = (Bounds::new(&shared.settings), router(shared), stop.clone());
    let serve = move |accepted| connection(accepted, router.clone(), bounds, until.clone());
    listener.serve(stop, serve).await;
}

/// Serves one connection to its end.
pub(super) async fn connection(
    accepted: Accepted<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let Accepted { stream, peer, protocol } = accepted;
    let answer = move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().call(request)
    };
    match protocol {
        Protocol::Unsaid | Protocol::Http11 => {
            http1::serve(stream, bounds.http1, stop, answer).await;
        }
        Protocol::Http2 => http2::serve(stream, bounds.http2, stop, answer).await,
    }
}
