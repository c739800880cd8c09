//! The endpoint on a socket: bound before the run begins, served until it is dropped.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::board::Board;
use super::routes::router;

/// Security: probes, a scraper and a few people; more connections wait to be accepted.
const MAX_CONNECTIONS: usize = 32;

/// Security: how long a request's head may take, and the most it may be.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_HEAD_BYTES: usize = 16 << 10;

/// Security: how long a connection may live, so that none keeps its place for ever.
const MAX_AGE: Duration = Duration::from_secs(300);

/// How long to wait before another connection is accepted when that has failed.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// How often observations are taken in that nobody has asked for.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// The endpoint's socket.
#[derive(Debug)]
pub(in crate::runner) struct Server {
    listener: TcpListener,
}

impl Server {
    /// Binds `address`; connections wait until it is served.
    pub(in crate::runner) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        tracing::info!(address = %bound, "the admin endpoint listens");
        if !bound.ip().is_loopback() {
            tracing::warn!(
                address = %bound,
                "whoever reaches the admin endpoint can read it: it asks for no key"
            );
        }
        Ok(Self { listener })
    }

    /// Serves `board` for ever. Dropping the future ends it, with all connections.
    // Correctness: accepting and ticking lose nothing when another branch wins; what ends wakes us, so that its place is
    // free.
    pub(in crate::runner) async fn serve(self, board: Arc<Board>) {
        let page = board.page.clone();
        let router = router(board);
        let mut connections = JoinSet::new();
        let mut ticks = interval(TIDY_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(_) = connections.join_next() => {}
                _ = ticks.tick() => page.tidy(),
                accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    match accepted {
                        Ok((stream, _)) => {
                            connections.spawn(connection(stream, router.clone()));
                        }
                        Err(error) => {
                            tracing::debug!(%error, "a connection to the admin endpoint cannot be accepted");
                            sleep(ACCEPT_AGAIN_AFTER).await;
                        }
                    }
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match timeout(MAX_AGE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection to the admin endpoint has failed"),
        Err(_) => tracing::debug!("a connection to the admin endpoint has become too old"),
    }
}
