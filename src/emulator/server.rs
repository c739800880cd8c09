//! The emulator on a socket: bind, serve whoever asks for this machine by its own names, and an end that leaves no task
//! behind.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use http::header::HOST;
use http::{HeaderValue, StatusCode};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::{Service, service_fn};

use super::connections::{Connections, Handle};
use super::courier::Courier;
use super::ending;
use super::exchange::exchange;
use super::routes;
use super::settings::Settings;
use crate::page::Guard;

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
    ///
    /// On loopback only requests to `localhost` or to an address are answered; another name for this machine is 421.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let stop = CancellationToken::new();
        let cut = CancellationToken::new();
        let _stop_if_dropped = stop.clone().drop_guard();
        let _cut_if_dropped = cut.clone().drop_guard();
        let connections = Connections { listener: self.listener, cut: cut.clone() };
        let guard = guard(self.address);
        let courier = self.courier.clone();
        // With a state its handlers are routes once and for all, and not for each request.
        let router: Router = self.courier.router().with_state(());
        let connected = service_fn(move |stream: IncomingStream<'_, Connections>| {
            let (router, handle) = (router.clone(), stream.io().handle());
            let courier = courier.clone();
            let answer = move |request| {
                answer(guard, courier.clone(), router.clone(), handle.clone(), request)
            };
            std::future::ready(Ok::<_, Infallible>(service_fn(answer)))
        });
        let server = axum::serve(connections, connected)
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

fn guard(address: SocketAddr) -> Guard {
    Guard { is_loopback: address.ip().to_canonical().is_loopback() }
}

/// Answers one request of a connection, or resets it.
async fn answer(
    guard: Guard,
    courier: Courier,
    mut router: Router,
    connection: Handle,
    mut request: Request,
) -> Result<Response, Infallible> {
    if let Err(status) = admit(guard, &mut request) {
        let told = "not a name of this emulator: ask by its address or by localhost\n";
        return Ok((status, told).into_response());
    }
    let response = match routes::find(request.method(), request.uri().path()) {
        Some(route) => exchange(courier, Some(route), request).await,
        // A router is always ready.
        None => router.call(request).await?,
    };
    if ending::is_reset(&response) {
        connection.reset();
        // Correctness: the connection's task is woken by the reset and drops us.
        std::future::pending::<()>().await;
    }
    Ok(response)
}

/// Refuses other names for this machine, where only this machine reaches it.
///
/// Security: a web page may give this address a name of its own site, and could then ask for all that was received, which
/// asks for no key, and write. Who sends no name at all is let in, since browsers always send one.
fn admit(guard: Guard, request: &mut Request) -> Result<(), StatusCode> {
    if !request.headers().contains_key(HOST) {
        // HTTP/2 has the name elsewhere.
        let authority = request.uri().authority().map(http::uri::Authority::as_str);
        let Some(host) = authority.and_then(|authority| HeaderValue::from_str(authority).ok())
        else {
            return Ok(());
        };
        request.headers_mut().insert(HOST, host);
    }
    guard.shows(request.headers())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_matter_on_loopback_only() {
        for (address, is_loopback) in [
            ("127.0.0.1:1", true),
            ("127.8.9.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("10.0.0.1:1", false),
        ] {
            let address = address.parse().expect("the test writes addresses");
            assert_eq!(guard(address).is_loopback, is_loopback, "{address}");
        }
    }
}
