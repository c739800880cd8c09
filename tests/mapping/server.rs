//! A server that remembers each request whole, and answers `{}`; a GET with what it is told to.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use courier_sink::delivery::{Tenants, TenantsLayer, Work};
use courier_sink::transport::{ApiKey, BaseUrl, Settings, Transport};
use http::{HeaderMap, Method, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};

/// A request as it arrived.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Default)]
struct State {
    stored: Option<String>,
    seen: Vec<Seen>,
}

pub(crate) struct Server {
    state: Arc<Mutex<State>>,
    client: Tenants<Transport>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        tokio::spawn(accept(listener, Arc::clone(&state)));
        let settings =
            Settings::new(BaseUrl::new(&url).unwrap(), ApiKey::new("pk_test_key").unwrap());
        Self { state, client: TenantsLayer.layer(Transport::new(&settings).unwrap()) }
    }

    pub(crate) fn store(&self, tenant: Option<String>) {
        self.state.lock().unwrap().stored = tenant;
    }

    /// Does the work of one step; gives the requests it took.
    pub(crate) async fn take(&self, work: Work) -> Vec<Seen> {
        self.client.clone().oneshot(work).await.unwrap();
        let seen = std::mem::take(&mut self.state.lock().unwrap().seen);
        #[cfg(feature = "emulator")]
        for it in &seen {
            let kind = it.headers.get("content-type").map(|kind| kind.to_str().unwrap());
            crate::contract::assert_takes(&it.method, &it.uri.to_string(), kind, &it.body);
        }
        seen
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let state = Arc::clone(&state);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let state = Arc::clone(&state);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                Ok::<_, hyper::Error>(answer(&state, head, body))
            }
        });
        tokio::spawn(async move {
            // However the connection ends, the client tells.
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(state: &Mutex<State>, head: http::request::Parts, body: Bytes) -> Response<Full<Bytes>> {
    let mut state = state.lock().unwrap();
    let (status, text) = match (&head.method, &state.stored) {
        (&Method::GET, Some(stored)) => (200, stored.clone()),
        (&Method::GET, None) => (404, r#"{"message":"not found"}"#.to_owned()),
        _ => (202, "{}".to_owned()),
    };
    state.seen.push(Seen { method: head.method, uri: head.uri, headers: head.headers, body });
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status.try_into().unwrap();
    response
}
