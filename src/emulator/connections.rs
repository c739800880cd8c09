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

    fn is_cut(&self) -> bool {
        self.0.token.is_cancelled()
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
        if is_known && !self.handle.is_cut() {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Woken {
        fn check(self: &Arc<Self>, connection: &mut Connection) -> Result<(), io::ErrorKind> {
            let waker = Waker::from(Arc::clone(self));
            connection.check(&mut Context::from_waker(&waker)).map_err(|error| error.kind())
        }
    }

    #[tokio::test]
    async fn the_cut_wakes_whoever_asked_last() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let cut = CancellationToken::new();
        let mut connections = Connections { listener, cut: cut.clone() };
        let _peers = [TcpStream::connect(address).await, TcpStream::connect(address).await];
        let (mut asked, _) = connections.accept().await;
        let (mut new, _) = connections.accept().await;
        let [one, other] = [(); 2].map(|()| Arc::<Woken>::default());
        for waker in [&one, &one, &other, &one, &other, &other] {
            assert_eq!(waker.check(&mut asked), Ok(()));
        }
        cut.cancel();
        assert_eq!([&one, &other].map(|waker| waker.0.load(Ordering::Relaxed)), [0, 1]);
        for connection in [&mut asked, &mut new] {
            assert_eq!(one.check(connection), Err(io::ErrorKind::ConnectionAborted));
        }
    }
}
