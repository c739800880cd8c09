//! The emulator on a socket: bind, serve, and an end that leaves no task behind.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::connections::{Connections, Handle};
use super::courier::Courier;
use super::settings::Settings;

/// How long requests under way may take to end at shutdown. Idle connections close at once and an
/// answer takes microseconds, so only stuck peers and scripted delays ever use it.
const GRACE: Duration = Duration::from_millis(500);

/// A local Courier that listens on a socket.
#[derive(Debug)]
pub struct Emulator {
    courier: Courier,
    listener: TcpListener,
    address: SocketAddr,
}

impl Emulator {
    /// Binds the address of the settings; connections wait until [`Emulator::serve`].
    pub async fn bind(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.address).await?;
        let address = listener.local_addr()?;
        Ok(Self { courier: Courier::new(settings), listener, address })
    }

    /// The address bound, with the port taken when the settings left it open.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle on the state; it outlives the server.
    pub fn courier(&self) -> Courier {
        self.courier.clone()
    }

    /// Serves until `shutdown` resolves, HTTP/1.1 and HTTP/2 in clear. Spawns one task per
    /// connection; when this returns, or is dropped, all have ended or end at their next wake.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let stop = CancellationToken::new();
        let cut = CancellationToken::new();
        let _stop_if_dropped = stop.clone().drop_guard();
        let _cut_if_dropped = cut.clone().drop_guard();
        let connections = Connections { listener: self.listener, cut: cut.clone() };
        let server = axum::serve(
            connections,
            self.courier.router().into_make_service_with_connect_info::<Handle>(),
        )
        .with_graceful_shutdown(stop.clone().cancelled_owned());
        let mut server = pin!(async { server.await });

        // Correctness: both branches are polled in place and go on below; nothing is lost by the
        // one that loses.
        tokio::select! {
            result = &mut server => return result,
            () = shutdown => stop.cancel(),
        }
        match tokio::time::timeout(GRACE, &mut server).await {
            Ok(result) => result,
            Err(_) => {
                cut.cancel();
                server.await
            }
        }
    }
}
