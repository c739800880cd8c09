//! Spans to a collector, by OTLP over HTTP: a layer for the subscriber of the process, and a task that sends.
//!
//! It takes what is told to [`TRACES`] and nothing else, so the requests it makes itself are not traced. Nobody waits for it:
//! what finds the queue full, or what the collector does not take, is lost and counted.

mod queue;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanExporter as _};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, Registry};

use crate::config::TracesConfig;
use crate::telemetry::TRACES;
use crate::transport::{TlsError, roots};
use queue::{Queue, Sender};

/// The layer that makes OpenTelemetry's spans of those of the sink.
pub type TracesLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Spans being sent, until [`Traces::end`].
#[derive(Debug)]
pub struct Traces {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Spans cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// TLS cannot be set up
    #[error("traces: {0}")]
    Tls(#[from] TlsError),
    /// The cryptography offers no protocol version
    #[error("traces: TLS cannot be set up: {0}")]
    Versions(#[from] rustls::Error),
    /// The exporter refuses what is configured
    #[error("traces: {0}")]
    Exporter(#[from] ExporterBuildError),
}

impl Traces {
    /// Starts to send. To be called where tokio runs, and once: the layer is for the subscriber of the process.
    pub fn start(config: &TracesConfig) -> Result<(TracesLayer, Self), TracesError> {
        // Empty at first: the environment has no say in what is configured.
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", config.service_name.clone()),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let mut exporter = exporter(config)?;
        exporter.set_resource(&resource);
        let stop = CancellationToken::new();
        let (queue, sender) = queue::pair();
        let task = tokio::spawn(Sender::run(sender, exporter, stop.clone()));
        Ok((layer(config, queue, resource), Self { stop, task }))
    }

    /// Sends what is left, for so long at most.
    pub async fn end(mut self, within: Duration) {
        self.stop.cancel();
        // Correctness: a task that is aborted loses spans and nothing else.
        if tokio::time::timeout(within, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::warn!("the collector was too slow for the last spans: they are lost");
        }
    }
}

fn layer(config: &TracesConfig, queue: Queue, resource: Resource) -> TracesLayer {
    let ratio = Sampler::TraceIdRatioBased(config.sample_ratio);
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(Sampler::ParentBased(Box::new(ratio)))
        .with_span_processor(queue)
        .build();
    // What is added by itself says where in the source a span was made, and how long somebody was in it: nobody ever is.
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("courier_sink"))
        .with_location(false)
        .with_threads(false)
        .with_level(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(Targets::new().with_target(TRACES, LevelFilter::TRACE))
        .boxed()
}

fn exporter(config: &TracesConfig) -> Result<SpanExporter, TracesError> {
    let roots = if config.endpoint.is_https() { roots(None)? } else { RootCertStore::empty() };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions();
    let client = HyperClient::new(connector.wrap_connector(tcp), config.timeout, None);
    let header = |(name, value): &(String, secrecy::SecretString)| {
        (name.clone(), value.expose_secret().to_owned())
    };
    let headers: HashMap<_, _> = config.headers.iter().map(header).collect();
    Ok(SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", config.endpoint.as_str()))
        .with_timeout(config.timeout)
        .with_headers(headers)
        .build()?)
}
