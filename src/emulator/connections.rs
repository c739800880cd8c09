//! Accepted connections that can be cut: after the cut every read and write fails, so that the
//! task serving a connection ends even when its peer is stuck in the middle of a request.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A listener whose connections end at the cut.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) listener: TcpListener,
    pub(super) cut: CancellationToken,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Whom the cut wakes
    waker: Option<Waker>,
    handle: Handle,
}

/// Resets one connection, from wherever it is served.
#[derive(Debug, Clone)]
pub(super) struct Handle(Arc<Cut>);

#[derive(Debug)]
struct Cut {
    token: CancellationToken,
    is_reset: AtomicBool,
}

impl Handle {
    /// The peer sees a reset and no more; the task that serves the connection ends.
    pub(super) fn reset(&self) {
        self.0.is_reset.store(true, Ordering::Release);
        self.0.token.cancel();
    }

    fn is_reset(&self) -> bool {
        self.0.is_reset.load(Ordering::Acquire)
    }
}

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay for small packets");
        }
        let token = self.cut.child_token();
        let cut = Box::pin(token.clone().cancelled_owned());
        let handle = Handle(Arc::new(Cut { token, is_reset: AtomicBool::new(false) }));
        (Connection { stream, cut, waker: None, handle }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connection {
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Correctness: registers the task with the token whenever it is another, so the cut wakes it whatever it waits for.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let is_known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if is_known && !self.handle.0.token.is_cancelled() {
            return Ok(());
        }
        self.waker = Some(context.waker().clone());
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => {
                if self.handle.is_reset() {
                    // Closed with nothing lingering, a connection is reset instead of ended.
                    self.stream.set_zero_linger()?;
                }
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

/// Writes are not vectored: most answers are short, and the kernel takes one piece with less ado than two.
impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Where a request is read ahead, nothing else may be asked of a connection while its answer waits.
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.handle.is_reset() {
            // An orderly end would reach the peer before the reset.
            return Poll::Ready(Ok(()));
        }
        // Not checked: a cut connection still closes its socket.
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
