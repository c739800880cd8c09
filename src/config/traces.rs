//! `[traces]`: where spans of events and attempts go.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use toml_span::value::ValueInner;

use super::block::Block;
use super::item::Item;
use crate::transport::BaseUrl;

/// `[traces]`: there are some if the block is there. Only a program that was built with the feature `opentelemetry` can send
/// them.
#[derive(Clone, Debug)]
pub struct TracesConfig {
    /// `endpoint`: a collector that takes OTLP over HTTP, to whose URL `/v1/traces` is added. Default
    /// `http://127.0.0.1:4318`, where a collector on the same machine listens.
    pub endpoint: BaseUrl,
    /// `headers`: what is sent with each request, such as a key. Their values are secrets. Default none.
    pub headers: Vec<(String, SecretString)>,
    /// `sample_ratio`: which part of the events is traced, between 0 and 1. Default 1, all: Courier's own limits keep
    /// events few, and who looks for one that is missing must not be told that it was not drawn.
    pub sample_ratio: f64,
    /// `service_name`: the resource attribute `service.name`. Default `courier-sink`.
    pub service_name: String,
    /// `timeout_secs`: how long the collector may take to answer one request. Default 10, OpenTelemetry's own.
    pub timeout: Duration,
    /// The line its block starts at, from 1. Not part of what is compared.
    pub line: usize,
}

type Header = (String, SecretString);

impl PartialEq for TracesConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self { endpoint, headers, sample_ratio, service_name, timeout, line: _ } = self;
        let same = |(one, other): (&Header, &Header)| {
            one.0 == other.0 && one.1.expose_secret() == other.1.expose_secret()
        };
        *endpoint == other.endpoint
            && headers.len() == other.headers.len()
            && headers.iter().zip(&other.headers).all(same)
            && sample_ratio.total_cmp(&other.sample_ratio).is_eq()
            && *service_name == other.service_name
            && *timeout == other.timeout
    }
}

/// The default of `endpoint`.
const ENDPOINT: &str = "http://127.0.0.1:4318";

/// The default of `service_name`.
const SERVICE_NAME: &str = "courier-sink";

/// `[traces]`
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `endpoint` | URL | `http://127.0.0.1:4318` | a collector beside the program |
/// | `headers` | table of texts | none | a hosted collector wants a key |
/// | `sample_ratio` | number from 0 to 1 | 1 | see [`TracesConfig::sample_ratio`] |
/// | `service_name` | text | `courier-sink` | tells several apart |
/// | `timeout_secs` | seconds | 10 | OpenTelemetry's own |
pub(super) fn read(block: &mut Block<'_>) -> TracesConfig {
    // It may hold credentials by mistake.
    let endpoint = block.take("endpoint").map(Item::secret);
    let endpoint = endpoint.and_then(|item| item.parsed(BaseUrl::new));
    let headers = block.take("headers").map(Item::secret);
    let line = block.reader.position(block.place.at).0;
    TracesConfig {
        endpoint: endpoint.unwrap_or_else(|| BaseUrl::new(ENDPOINT).expect("the default is a URL")),
        headers: headers.and_then(|item| item.table(headers_of)).unwrap_or_default(),
        sample_ratio: block.take("sample_ratio").and_then(|item| ratio(&item)).unwrap_or(1.0),
        service_name: block.text("service_name").unwrap_or_else(|| SERVICE_NAME.to_owned()),
        timeout: block.seconds("timeout_secs", Duration::from_secs(10)),
        line,
    }
}

fn headers_of(block: &mut Block<'_>) -> Vec<(String, SecretString)> {
    let wants_keys = block.reader.wants_keys;
    let header = |(name, item): (String, Item<'_>)| {
        let item = item.secret();
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            item.refuse("is not the name of a header");
            return None;
        }
        if !wants_keys {
            return None;
        }
        let value = item.text()?;
        if HeaderValue::from_str(&value).is_err() {
            item.refuse("holds a line break or another character that no header may have");
            return None;
        }
        Some((name.to_ascii_lowercase(), SecretString::from(value)))
    };
    block.take_all().into_iter().filter_map(header).collect()
}

fn ratio(item: &Item<'_>) -> Option<f64> {
    let number = match item.value {
        ValueInner::Float(number) => Some(number),
        ValueInner::Integer(0) => Some(0.0),
        ValueInner::Integer(1) => Some(1.0),
        ValueInner::Integer(_)
        | ValueInner::String(_)
        | ValueInner::Boolean(_)
        | ValueInner::Array(_)
        | ValueInner::Table(_) => None,
    };
    let number = number.filter(|number| (0.0..=1.0).contains(number));
    if number.is_none() {
        item.unexpected("a number from 0 to 1");
    }
    number
}
