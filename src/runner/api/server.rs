//! The endpoint on a socket: bound before the run begins, served until it is dropped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::board::Board;
use super::routes::router;
use crate::page::Guard;
use crate::runner::listener::http1::{self, Limits};
use crate::runner::listener::{Accepted, Listener};

/// Security: probes, a scraper and a few people; more connections wait to be accepted.
const MAX_CONNECTIONS: usize = 32;

/// Security: how long a request's head may take, and the most it may be; how long a connection may live, so that none
/// keeps its place for ever, and then take to end.
const LIMITS: Limits = Limits {
    header_timeout: Duration::from_secs(10),
    max_head_bytes: 16 << 10,
    max_age: Duration::from_secs(300),
    grace: Duration::from_secs(10),
};

/// How often observations are taken in that nobody has asked for.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// The endpoint's socket.
#[derive(Debug)]
pub(in crate::runner) struct Server {
    listener: Listener,
    guard: Guard,
}

impl Server {
    /// Binds `address`; connections wait until it is served.
    pub(in crate::runner) fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = Listener::new(TcpListener::bind(address)?, MAX_CONNECTIONS, None)?;
        let bound = listener.address()?;
        tracing::info!(address = %bound, "the admin endpoint listens");
        if !bound.ip().is_loopback() {
            tracing::warn!(
                address = %bound,
                "whoever reaches the admin endpoint can read it: it asks for no key"
            );
        }
        Ok(Self { listener, guard: Guard { is_loopback: bound.ip().is_loopback() } })
    }

    /// Serves `board` for ever. Dropping the future ends it, with all connections.
    // Correctness: neither branch ever ends; both are polled in place.
    pub(in crate::runner) async fn serve(self, board: Arc<Board>) {
        let page = board.page.clone();
        let router = router(board, self.guard);
        let never = CancellationToken::new();
        let until = never.clone();
        let connection = move |Accepted { stream, .. }: Accepted| {
            let (router, until) = (router.clone(), until.clone());
            http1::serve(stream, LIMITS, until, move |request| router.clone().call(request))
        };
        let tidy = async {
            let mut ticks = interval(TIDY_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                page.tidy();
            }
        };
        tokio::select! {
            () = self.listener.serve(never, connection) => {}
            () = tidy => {}
        }
    }
}
