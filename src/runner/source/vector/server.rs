//! Connections: accepted, counted, served and ended.
//!
//! In: a listener, and who answers. It knows HTTP/2 and TLS, and nothing of what is asked.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::service::Vector;

/// How connections are served.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    /// How many at once; further ones wait to be accepted
    pub(super) max: usize,
    /// How often a silent peer is asked whether it is still there
    pub(super) keepalive_interval: Duration,
    /// How long it may take to answer that
    pub(super) keepalive_timeout: Duration,
    /// Encrypts them
    pub(super) tls: Option<Arc<ServerConfig>>,
}

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a connection may be without a request; hyper's clients, Vector's among them, close theirs after 90 s.
const IDLE: Duration = Duration::from_secs(120);

/// How long a connection that is to end may take to write what it has.
const LINGER: Duration = Duration::from_secs(5);

/// How long to wait where no connection can be accepted, which is where there are too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// Security: how many requests of a connection are read at once, and how much of their heads and bodies may wait.
const MAX_STREAMS: u32 = 64;
const MAX_HEADER_BYTES: u32 = 16 << 10;
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 2 << 20;

/// Serves `vector` on `listener` until `stop`, and then until nobody waits for an answer. Everything ends when it is
/// dropped.
// Correctness: a connection that is accepted in the moment of a stop is dropped, and so refused; nothing else is lost by
// the branches that lose.
pub(super) async fn serve(
    listener: TcpListener,
    settings: Connections,
    vector: Vector,
    stop: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(settings.max));
    let cut = CancellationToken::new();
    let _cut_if_dropped = cut.clone().drop_guard();
    let mut tasks = JoinSet::new();
    loop {
        let accept = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept => accepted,
            Some(_) = tasks.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                let (settings, vector) = (settings.clone(), vector.clone());
                let (stop, spawner) = (stop.clone(), Spawner(cut.clone()));
                tasks.spawn(async move {
                    connection(stream, settings, vector, (stop, spawner)).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    settings: Connections,
    vector: Vector,
    run: (CancellationToken, Spawner),
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay for small packets");
    }
    match &settings.tls {
        None => requests(stream, &settings, vector, run).await,
        Some(tls) => {
            match timeout(HANDSHAKE, TlsAcceptor::from(Arc::clone(tls)).accept(stream)).await {
                Ok(Ok(stream)) => requests(stream, &settings, vector, run).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        }
    }
}

/// Serves the requests of one connection.
// Correctness: every branch is looked at again in the next round; dropping a connection cuts it.
async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    settings: &Connections,
    vector: Vector,
    (stop, spawner): (CancellationToken, Spawner),
) {
    let (under_way, mut seen) = watch::channel(0_usize);
    let under_way = Arc::new(under_way);
    let service = service_fn(move |request| {
        let (busy, vector) = (Busy::new(&under_way), vector.clone());
        async move {
            let answer = vector.answer(request).await;
            drop(busy);
            answer
        }
    });
    let mut connection = pin!(
        http2::Builder::new(spawner)
            .timer(TokioTimer::new())
            .keep_alive_interval(settings.keepalive_interval)
            .keep_alive_timeout(settings.keepalive_timeout)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let mut is_ending = false;
    loop {
        let patience = if is_ending { LINGER } else { IDLE };
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke off");
                }
                return;
            }
            () = stop.cancelled(), if !is_ending => {}
            () = idle(&mut seen, patience) => {
                if is_ending {
                    return;
                }
            }
        }
        connection.as_mut().graceful_shutdown();
        is_ending = true;
    }
}

/// Waits until there was no request under way for so long.
// Correctness: a request that begins or ends wakes us, and so does the time.
async fn idle(under_way: &mut watch::Receiver<usize>, time: Duration) {
    loop {
        let is_busy = *under_way.borrow_and_update() > 0;
        match timeout(time, under_way.changed()).await {
            Err(_) if !is_busy => return,
            Ok(Ok(())) | Err(_) => {}
            // There will be no further request: as idle as can be.
            Ok(Err(_)) => return sleep(time).await,
        }
    }
}

/// A request under way.
struct Busy(Arc<watch::Sender<usize>>);

impl Busy {
    fn new(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Spawns what serves the requests of a connection; all of it ends at the cut.
#[derive(Clone, Debug)]
struct Spawner(CancellationToken);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, task: F) {
        tokio::spawn(self.0.clone().run_until_cancelled_owned(async move {
            task.await;
        }));
    }
}

#[cfg(test)]
mod tests;
