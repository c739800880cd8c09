//! Servers to send to: one that speaks HTTP and remembers, one that writes what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) version: Version,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers every request with what `respond` gives.
    pub(crate) async fn start(
        tls: Option<Arc<ServerConfig>>,
        respond: impl Fn(&Seen) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(move || tls.clone(), respond).await
    }

    /// The same, each connection being encrypted as `tls` says when it comes.
    pub(crate) async fn start_with(
        tls: impl Fn() -> Option<Arc<ServerConfig>> + Send + 'static,
        respond: impl Fn(&Seen) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            for connection in 0.. {
                let (tcp, _) = listener.accept().await.unwrap();
                let (log, respond, tls) = (Arc::clone(&log), respond.clone(), tls());
                tokio::spawn(async move {
                    match tls {
                        None => serve(tcp, connection, log, respond).await,
                        // A refused handshake is the client's to report.
                        Some(tls) => {
                            if let Ok(stream) = TlsAcceptor::from(tls).accept(tcp).await {
                                serve(stream, connection, log, respond).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, seen }
    }

    /// Answers every request with `status` and `{}`.
    pub(crate) async fn plain(status: u16) -> Self {
        Self::start(None, move |_| answer(status, "{}")).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: usize,
    log: Arc<Mutex<Vec<Seen>>>,
    respond: impl Fn(&Seen) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (log, respond) = (Arc::clone(&log), respond.clone());
        async move {
            let (head, body) = request.into_parts();
            let seen = Seen {
                connection,
                version: head.version,
                method: head.method,
                uri: head.uri,
                headers: head.headers,
                body: body.collect().await?.to_bytes(),
            };
            log.lock().unwrap().push(seen.clone());
            Ok::<_, hyper::Error>(respond(&seen))
        }
    });
    // However the connection ends, the client tells.
    let _ =
        Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status.try_into().unwrap();
    response
}

/// Takes one connection, reads a request's head, writes `bytes` and ends its side. Gives the URL.
pub(crate) async fn raw(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        head(&mut tcp).await;
        // The client may have heard enough and be gone.
        let _ = tcp.write_all(&bytes).await;
        let _ = tcp.shutdown().await;
        // Closing with a request's body unread would reset the connection instead of ending it.
        let _ = tcp.read_to_end(&mut Vec::new()).await;
    });
    url
}

/// Reads up to the end of a request's head.
pub(crate) async fn head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
