//! A collector on loopback that keeps what it is sent. Its messages are written by hand from the protocol's `.proto` files, so
//! that nothing of the exporter is taken for granted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use prost::Message;
use tokio::runtime::Runtime;

/// One request: its headers and its body.
type Request = (HeaderMap, Bytes);

/// Runs on threads of its own, in real time.
pub(crate) struct Collector {
    pub(crate) runtime: Runtime,
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be built");
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let app = Router::new().route("/v1/traces", post(keep)).with_state(Arc::clone(&requests));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        runtime.spawn(async move {
            axum::serve(listener, app).await.expect("it serves until it is aborted");
        });
        Self { runtime, address, requests }
    }

    /// Everything that was sent, as bytes that may hold what they should not.
    pub(crate) fn raw(&self) -> String {
        let requests = self.requests.lock().expect("nobody panics with it");
        let bodies = requests.iter().map(|(_, body)| String::from_utf8_lossy(body).into_owned());
        bodies.collect()
    }

    /// All spans, with the resources they are of.
    pub(crate) fn spans(&self) -> Vec<Got> {
        let requests = self.requests.lock().expect("nobody panics with it");
        let export = |(_, body): &Request| {
            Export::decode(body.clone()).expect("it is what the protocol says")
        };
        let resources = requests.iter().map(export).flat_map(|it| it.resource_spans);
        resources
            .flat_map(|it| {
                let resource = attributes(it.resource.unwrap_or_default().attributes);
                let spans = it.scope_spans.into_iter().flat_map(|it| it.spans);
                spans.map(move |span| Got::new(span, resource.clone())).collect::<Vec<_>>()
            })
            .collect()
    }
}

async fn keep(State(requests): State<Arc<Mutex<Vec<Request>>>>, headers: HeaderMap, body: Bytes) {
    requests.lock().expect("nobody panics with it").push((headers, body));
}

/// A span, its attributes as text.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) name: String,
    pub(crate) id: Vec<u8>,
    pub(crate) parent: Vec<u8>,
    pub(crate) kind: i32,
    pub(crate) is_error: bool,
    pub(crate) links: Vec<Vec<u8>>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Got {
    fn new(span: Span, resource: BTreeMap<String, String>) -> Self {
        Self {
            name: span.name,
            id: span.id,
            parent: span.parent_span_id,
            kind: span.kind,
            is_error: span.status.unwrap_or_default().code == 2,
            links: span.links.into_iter().map(|link| link.id).collect(),
            attributes: attributes(span.attributes),
            resource,
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano,
        }
    }

    /// An attribute, empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn attributes(all: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(Value::Text(text)) => text,
        Some(Value::Flag(flag)) => flag.to_string(),
        Some(Value::Integer(number)) => number.to_string(),
        Some(Value::Double(number)) => number.to_string(),
        None => "of another type".to_owned(),
    };
    all.into_iter().map(|KeyValue { key, value }| (key, text(value))).collect()
}

#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "2")]
    id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "13")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
struct Link {
    #[prost(bytes = "vec", tag = "2")]
    id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Value", tags = "1, 2, 3, 4")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Flag(bool),
    #[prost(int64, tag = "3")]
    Integer(i64),
    #[prost(double, tag = "4")]
    Double(f64),
}
