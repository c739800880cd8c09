//! The one file that opens sockets: a URL in, a connection to it out, directly or through a proxy, within a time limit.
//!
//! It knows nothing of requests.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{
    DefaultServerNameResolver, FixedServerNameResolver, HttpsConnector, MaybeHttpsStream,
    ResolveServerName,
};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tower::Service;

use super::tls::Configs;
use super::{BaseUrl, Proxy, Settings};

/// hyper takes a connector's errors boxed; `network` reads them from there.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;
type Socket = <HttpConnector as Service<Uri>>::Response;
type ProxyConnector = HttpsConnector<HttpConnector>;

/// Connects to Courier.
#[derive(Clone)]
pub(super) struct Connector {
    tls: HttpsConnector<Route>,
    timeout: Duration,
}

/// How the endpoint is reached.
#[derive(Clone)]
enum Route {
    Direct(HttpConnector),
    /// `CONNECT`, for `https` endpoints
    Tunnel(Tunnel<ProxyConnector>),
    /// The proxy is sent the requests themselves, for `http` endpoints
    Forward(Uri, ProxyConnector),
}

/// A connection before the TLS to Courier.
pub(super) struct Wire {
    stream: MaybeHttpsStream<Socket>,
    forwarded: bool,
}

/// No connection in time.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {0:?} (connect timeout)")]
struct ConnectTimedOut(Duration);

/// The proxy for `endpoint`, if it has one.
pub(super) fn proxy_for(endpoint: &BaseUrl, proxy: &Proxy) -> Option<Intercept> {
    if !proxy.enabled {
        return None;
    }
    let mut matcher = Matcher::builder().no(proxy.no_proxy.join(","));
    if let Some(url) = &proxy.http {
        matcher = matcher.http(url.uri().to_string());
    }
    if let Some(url) = &proxy.https {
        matcher = matcher.https(url.uri().to_string());
    }
    matcher.build().intercept(endpoint.uri())
}

/// Host and port of the proxy for `endpoint`, if it has one; without the credentials that may be part of its URL.
#[cfg(feature = "runner")]
pub(crate) fn proxy_authority(endpoint: &BaseUrl, proxy: &Proxy) -> Option<String> {
    let proxy = proxy_for(endpoint, proxy)?;
    let uri = proxy.uri();
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let port = uri.port_u16().unwrap_or(default);
    Some(format!("{}:{port}", uri.host().unwrap_or_default()))
}

impl Connector {
    /// Connects to the endpoint in `settings`, through `proxy` if there is one. Also gives what each request must
    /// carry for a proxy that is sent the requests themselves.
    pub(super) fn new(
        settings: &Settings,
        proxy: Option<&Intercept>,
        configs: Configs,
    ) -> (Self, Option<HeaderValue>) {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // A request is written whole; Nagle's algorithm could only delay its last segment.
        tcp.set_nodelay(true);
        // Shared evenly by the host's addresses, so that one that swallows packets leaves time for the next.
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        let mut header = None;
        let route = match proxy {
            None => Route::Direct(tcp),
            Some(proxy) => {
                let resolver = Arc::new(DefaultServerNameResolver::default());
                let to_proxy = HttpsConnector::new(tcp, configs.proxy, false, resolver);
                if settings.endpoint.is_https() {
                    let tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
                    Route::Tunnel(match proxy.basic_auth() {
                        Some(credentials) => tunnel.with_auth(credentials.clone()),
                        None => tunnel,
                    })
                } else {
                    header = proxy.basic_auth().cloned();
                    Route::Forward(proxy.uri().clone(), to_proxy)
                }
            }
        };
        let resolver: Arc<dyn ResolveServerName + Send + Sync> = match configs.server_name {
            Some(name) => Arc::new(FixedServerNameResolver::new(name)),
            None => Arc::new(DefaultServerNameResolver::default()),
        };
        let connector = Self {
            tls: HttpsConnector::new(route, configs.courier, false, resolver),
            timeout: settings.connect_timeout,
        };
        (connector, header)
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Wire>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tls.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.tls.call(uri);
        let limit = self.timeout;
        Box::pin(async move {
            tokio::time::timeout(limit, connecting).await.map_err(|_| ConnectTimedOut(limit))?
        })
    }
}

impl Service<Uri> for Route {
    type Response = Wire;
    type Error = BoxError;
    type Future = Connecting<Wire>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Direct(tcp) => tcp.poll_ready(cx).map_err(Into::into),
            Self::Tunnel(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
            Self::Forward(_, to_proxy) => to_proxy.poll_ready(cx),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Direct(tcp) => {
                let connecting = tcp.call(uri);
                Box::pin(async { Ok(Wire::new(MaybeHttpsStream::Http(connecting.await?), false)) })
            }
            Self::Tunnel(tunnel) => {
                let connecting = tunnel.call(uri);
                Box::pin(async { Ok(Wire::new(connecting.await?, false)) })
            }
            Self::Forward(proxy, to_proxy) => {
                let connecting = to_proxy.call(proxy.clone());
                Box::pin(async { Ok(Wire::new(connecting.await?, true)) })
            }
        }
    }
}

impl Wire {
    fn new(stream: MaybeHttpsStream<Socket>, forwarded: bool) -> Self {
        Self { stream, forwarded }
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        // Tells hyper to put the whole URL into the request line, as a proxy needs it.
        self.stream.connected().proxy(self.forwarded)
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
