//! Connections of any server here: accepted as long as there is room, encrypted where that is wanted, ended in good order.
//!
//! In: a bound socket, and who serves a connection. Out: streams, each with whose it is and what it speaks. `http1` and
//! `http2` serve one with limits of time and size. It does not know what is asked.

pub(in crate::runner) mod http1;
pub(in crate::runner) mod http2;
pub(in crate::runner) mod tls;

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use crate::telemetry::{ErrorType, Repeats, SourceErrors};

/// Security: how long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long to wait before another connection is accepted when that has failed: most likely there are no more files.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A bound socket.
#[derive(Debug)]
pub(in crate::runner) struct Listener {
    socket: TcpListener,
    max: usize,
    tls: Option<Arc<ServerConfig>>,
    errors: SourceErrors,
}

/// What a connection is read from and written to.
pub(in crate::runner) type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A connection that is to be served.
#[derive(Debug)]
pub(in crate::runner) struct Accepted<S = Stream> {
    pub(in crate::runner) stream: S,
    /// Whose it is
    pub(in crate::runner) peer: IpAddr,
    /// What was agreed on
    pub(in crate::runner) protocol: Protocol,
}

/// A protocol that was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runner) enum Protocol {
    /// Nothing was: whoever serves has a default
    Unsaid,
    /// `http/1.1`
    Http11,
    /// `h2`
    Http2,
}

impl Listener {
    /// Serves at most `max` connections of `socket` at once, encrypted as `tls` says. To be called within the runtime it
    /// will be served in.
    pub(in crate::runner) fn new(
        socket: std::net::TcpListener,
        max: usize,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket)?;
        Ok(Self { socket, max, tls, errors: SourceErrors::default() })
    }

    /// The same, whose failures count as `errors` of a source.
    pub(in crate::runner) fn counting(self, errors: SourceErrors) -> Self {
        Self { errors, ..self }
    }

    /// The address bound.
    pub(in crate::runner) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves each connection by `serve`, in a task of its own, until it is told to stop, and then until all of them have
    /// ended. Dropped, they end at once.
    pub(in crate::runner) async fn serve<F>(
        self,
        stop: CancellationToken,
        serve: impl Fn(Accepted) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { socket, max, tls, errors } = self;
        let accept_next = move |context: &mut Context<'_>| socket.poll_accept(context);
        let connection = move |(stream, peer): (TcpStream, SocketAddr)| {
            let (tls, serve) = (tls.clone(), serve.clone());
            async move {
                if let Some(accepted) = accept(stream, peer.ip(), tls).await {
                    serve(accepted).await;
                }
            }
        };
        serve_each(accept_next, max, &errors, stop, connection).await;
    }
}

/// Serves each connection that `accept_next` gives, at most `max` at once, as [`Listener::serve`] says. Where it fails, that
/// is one of `errors`, told now and then, and tried again after a while.
// Correctness: accepting loses nothing when it is dropped; what ends wakes us as well, so that its place is free.
async fn serve_each<C, F>(
    mut accept_next: impl FnMut(&mut Context<'_>) -> Poll<io::Result<C>>,
    max: usize,
    errors: &SourceErrors,
    stop: CancellationToken,
    serve: impl Fn(C) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let (failing, since) = (Repeats::default(), Instant::now());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = poll_fn(&mut accept_next), if connections.len() < max => match accepted {
                Ok(connection) => {
                    connections.spawn(serve(connection));
                }
                Err(error) => {
                    errors.count(ErrorType::Connection);
                    if let Some(suppressed) = failing.may_tell(since.elapsed()) {
                        tracing::warn!(%error, suppressed, "a connection cannot be accepted");
                    }
                    sleep(ACCEPT_AGAIN_AFTER).await;
                }
            },
        }
    }
    // Nobody is to wait for a socket that is served no more.
    drop(accept_next);
    while connections.join_next().await.is_some() {}
}

/// The connection, once it is encrypted where it is to be.
async fn accept(
    stream: TcpStream,
    peer: IpAddr,
    tls: Option<Arc<ServerConfig>>,
) -> Option<Accepted> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay for small packets");
    }
    let Some(tls) = tls else {
        return Some(Accepted { stream: Either::Left(stream), peer, protocol: Protocol::Unsaid });
    };
    match timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => {
            let protocol = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                Some(b"http/1.1") => Protocol::Http11,
                Some(_) | None => Protocol::Unsaid,
            };
            Some(Accepted { stream: Either::Right(Box::new(stream)), peer, protocol })
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("a TLS handshake took too long");
            None
        }
    }
}

#[cfg(test)]
mod tests;
