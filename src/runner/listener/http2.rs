//! One connection of HTTP/2, to its end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// What bounds a connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::runner) struct Limits {
    /// How often a silent peer is asked whether it is still there
    pub(in crate::runner) keepalive_interval: Duration,
    /// How long it may take to answer that
    pub(in crate::runner) keepalive_timeout: Duration,
    /// How long it may be without a request
    pub(in crate::runner) idle: Duration,
    /// After that long it takes no more requests, if it ever becomes too old
    pub(in crate::runner) max_age: Option<Duration>,
}

/// How long a connection that is to end may take to write what it has.
pub(in crate::runner) const LINGER: Duration = Duration::from_secs(5);

/// Security: how many requests of a connection are read at once, and how much of their heads and bodies may wait.
const MAX_STREAMS: u32 = 64;
const MAX_HEADER_BYTES: u32 = 16 << 10;
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 2 << 20;

/// Serves the requests of `stream`, each in a task of its own; they end with the connection, and it when dropped.
// Correctness: every branch is looked at again in the next round; dropping a connection cuts it.
pub(in crate::runner) async fn serve<B, F>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    limits: Limits,
    stop: CancellationToken,
    answer: impl Fn(Request<Incoming>) -> F,
) where
    F: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (under_way, mut seen) = watch::channel(0_usize);
    let under_way = Arc::new(under_way);
    let service = service_fn(move |request| {
        let (busy, answer) = (Busy::new(&under_way), answer(request));
        async move {
            let answer = answer.await;
            drop(busy);
            answer
        }
    });
    let cut = CancellationToken::new();
    let _cut_at_the_end = cut.clone().drop_guard();
    let mut connection = pin!(
        http2::Builder::new(Spawner(cut))
            .timer(TokioTimer::new())
            .keep_alive_interval(limits.keepalive_interval)
            .keep_alive_timeout(limits.keepalive_timeout)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let too_old = limits.max_age.map(|age| Instant::now() + age);
    let mut is_ending = false;
    loop {
        let patience = if is_ending { LINGER } else { limits.idle };
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke off");
                }
                return;
            }
            () = stop.cancelled(), if !is_ending => {}
            () = at(too_old), if !is_ending => {}
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

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
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
