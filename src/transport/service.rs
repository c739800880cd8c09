//! [`Transport`]: the service at the bottom of the stack, and how it is built.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{DATE, PROXY_AUTHORIZATION};
use http::{HeaderValue, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::Service;

use super::answer::{self, ReadError};
use super::connect::{Connector, proxy_for};
use super::encode::encode;
use super::judge::{Reply, judge, wants_body};
use super::network::{broken_answer, no_answer};
use super::{ApiKey, ApiKeys, BaseUrl, Settings, TlsError, tls};
use crate::clock::Time;
use crate::courier::{Endpoint, MAX_BODY_BYTES};
use crate::delivery::{Answer, Call, Failure, FailureKind, Receipt};

/// How long an HTTP/2 connection may be silent while requests wait on it, before it is asked for a sign of life. All
/// requests share that one connection: were it dead unnoticed, each would run into its timeout.
const PING_AFTER: Duration = Duration::from_secs(15);

/// How long the sign of life may take.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends calls to Courier. Always ready; clones share the connections and the key.
///
/// The response to a [`Call`] is a [`Receipt`], its error a [`Failure`]. Time limits for an attempt as a whole, and
/// any further attempt, are the business of the layers above.
#[derive(Clone)]
pub struct Transport {
    way: Arc<RwLock<Arc<Way>>>,
    keys: ApiKeys,
}

struct Way {
    client: Client<Connector, Full<Bytes>>,
    endpoint: BaseUrl,
    /// For a proxy that is sent the requests themselves
    proxy_authorization: Option<HeaderValue>,
}

/// A transport cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its TLS settings or files are wrong
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// With no time to connect in, nothing could ever be sent
    #[error("the connect timeout must be more than zero")]
    ConnectTimeout,
}

/// One attempt under way.
///
/// Dropping it aborts the attempt: an HTTP/1.1 connection is closed, an HTTP/2 stream reset. Courier may have acted on
/// the request all the same.
#[must_use = "an attempt does nothing unless polled"]
pub struct Attempt(Pin<Box<dyn Future<Output = Result<Receipt, Failure>> + Send>>);

/// What one attempt came to, and the time on the server's clock.
#[derive(Clone, Debug)]
pub struct Probe {
    /// As of any attempt
    pub answer: Result<Receipt, Failure>,
    /// `Date` of the answer, if there was one
    pub date: Option<Time>,
}

impl Transport {
    /// Checks `settings` and reads the certificate files they name, blocking while it does. Nothing is connected yet.
    ///
    /// Attempts must be polled within a tokio runtime with time and I/O enabled: hyper drives the connections there,
    /// as tasks that end when the last clone is dropped and nothing is under way.
    pub fn new(settings: &Settings) -> Result<Self, BuildError> {
        if settings.connect_timeout.is_zero() {
            return Err(BuildError::ConnectTimeout);
        }
        let proxy = proxy_for(&settings.endpoint, &settings.proxy);
        let to_proxy = proxy.as_ref().and_then(|proxy| proxy.uri().scheme_str());
        let encrypted = settings.endpoint.is_https() || to_proxy == Some("https");
        if !settings.endpoint.is_https() && !settings.endpoint.is_loopback() {
            tracing::warn!(
                endpoint = %settings.endpoint,
                "the endpoint is not https: whoever is on the way to it can read the API key and every event"
            );
        }
        let configs = tls::configs(&settings.tls, encrypted)?;
        let (connector, proxy_authorization) = Connector::new(settings, proxy.as_ref(), configs);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.pool_idle_timeout)
            .pool_max_idle_per_host(settings.pool_max_idle)
            .http2_keep_alive_interval(PING_AFTER)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build(connector);
        let way = Way { client, endpoint: settings.endpoint.clone(), proxy_authorization };
        let keys = ApiKeys::new(settings.api_key.clone());
        Ok(Self { way: Arc::new(RwLock::new(Arc::new(way))), keys })
    }

    /// From now on attempts of this transport and its clones go as those of `other` would: its endpoint, its certificates,
    /// its proxy, its connections. Those under way end as they began. The key stays, but for
    /// [`Transport::exchange_key`].
    pub fn exchange(&self, other: &Self) {
        let way = other.way();
        *self.way.write().unwrap_or_else(PoisonError::into_inner) = way;
    }

    /// From now on attempts are signed with the key of `other`.
    pub fn exchange_key(&self, other: &Self) {
        self.keys.set(other.keys.current());
    }

    fn way(&self) -> Arc<Way> {
        // Replaced whole, so a panic elsewhere cannot have left half of one.
        Arc::clone(&self.way.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes one attempt, and tells the time that the server wrote over its answer. Dropping the future aborts it.
    pub async fn probe(&self, call: Call) -> Probe {
        let key = self.keys.current();
        let way = self.way();
        let response = match way.send(&call, &key).await {
            Ok(response) => response,
            Err(failure) => return Probe { answer: Err(failure), date: None },
        };
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let date = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
        let answer = way.receive(&call, response, &key).await;
        Probe { answer, date: date.map(Time::from_epoch) }
    }

    /// The handle that exchanges the API key, for this transport and all its clones.
    pub fn api_keys(&self) -> ApiKeys {
        self.keys.clone()
    }
}

impl Way {
    async fn send(&self, call: &Call, key: &ApiKey) -> Result<Response<Incoming>, Failure> {
        let mut request = encode(call, &self.endpoint, key.authorization())?;
        if let Some(value) = &self.proxy_authorization {
            request.headers_mut().insert(PROXY_AUTHORIZATION, value.clone());
        }
        let answer = self.client.request(request).await;
        answer.map_err(|error| no_answer(self.endpoint.authority(), &error))
    }

    async fn receive(
        &self,
        call: &Call,
        response: Response<Incoming>,
        key: &ApiKey,
    ) -> Result<Receipt, Failure> {
        let authority = self.endpoint.authority();
        receive(call.request.endpoint(), response, key, authority).await
    }
}

impl Service<Call> for Transport {
    type Response = Receipt;
    type Error = Failure;
    type Future = Attempt;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Attempt {
        let transport = self.clone();
        Attempt(Box::pin(async move {
            let key = transport.keys.current();
            let way = transport.way();
            let response = way.send(&call, &key).await?;
            way.receive(&call, response, &key).await
        }))
    }
}

impl Future for Attempt {
    type Output = Result<Receipt, Failure>;

    // Correctness: the boxed future arranges every wake-up; dropping it drops hyper's request, which aborts it.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

/// Reads as much of `response` as its verdict needs, and judges it.
///
/// Where the body is not needed the status line is the verdict: a 2xx whose body breaks off is still a success.
async fn receive(
    endpoint: Endpoint,
    response: Response<Incoming>,
    key: &ApiKey,
    authority: &str,
) -> Result<Receipt, Failure> {
    let (head, body) = response.into_parts();
    let body = if wants_body(endpoint, head.status) {
        answer::whole(body, MAX_BODY_BYTES).await.map_err(|error| match error {
            ReadError::Broken(error) => broken_answer(authority, &error),
            ReadError::TooLarge(_) => too_large(endpoint, head.status.as_u16(), &error),
        })?
    } else {
        answer::prefix(body).await
    };
    let reply = Reply { endpoint, status: head.status, headers: &head.headers, body };
    judge(&reply, key, now())
}

fn too_large(endpoint: Endpoint, status: u16, error: &ReadError<hyper::Error>) -> Failure {
    let mut failure = Failure::without_answer(FailureKind::Refused, format!("{endpoint}: {error}"));
    failure.answer = Some(Answer { status, excerpt: String::new(), stored: false });
    failure
}

/// The time since 1970.
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a Retry-After that is a date means nothing without a calendar; this is the one place that reads it"
)]
fn now() -> Duration {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("endpoint", &self.way().endpoint).finish_non_exhaustive()
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").finish_non_exhaustive()
    }
}
