//! [`CourierConfig`]: one sink's block, checked.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::block::Block;
use super::item::Item;
use super::reader::Reader;
use super::{DiskBuffer, Mistakes, buffer, expiration, network, order, request, rules};
use crate::sink;
use crate::transport::{self, ApiKey, ApiKeyError, BaseUrl, Proxy, Tls};

/// Security: the most that is read of a key file. A key has at most a KiB; what is larger is not one.
const MAX_KEY_FILE_BYTES: u64 = 4096;

/// A sink of type `courier`, checked. Nothing was read from files yet.
#[derive(Clone, Debug)]
pub struct CourierConfig {
    /// Everything but the way to Courier
    pub settings: sink::Settings,
    /// `endpoint`: Courier's API. Default `https://api.courier.com`; the EU's is `https://api.eu.courier.com`.
    pub endpoint: BaseUrl,
    /// Whether `endpoint` was written: beside `[emulator]`, one that was not is the emulator's
    pub is_endpoint_written: bool,
    /// `api_key` or `api_key_file`
    pub api_key: ApiKeySource,
    /// `request.connect_timeout_secs`. Default 5 s, as in Courier's own Python client.
    pub connect_timeout: Duration,
    /// `[tls]`
    pub tls: Tls,
    /// `[proxy]`, completed from the environment
    pub proxy: Proxy,
    /// `healthcheck`
    pub healthcheck: HealthcheckConfig,
    /// `acknowledgements`: whether a source waits for how its events ended. Default true, unlike Vector: nothing is
    /// forgotten that was not delivered.
    pub acknowledgements: bool,
    /// `[dead_letter]`
    pub dead_letter: DeadLetterConfig,
    /// `buffer` of type `disk`: whoever runs the sink keeps it. Never there where [`CourierConfig::from_toml`] read it.
    pub disk_buffer: Option<DiskBuffer>,
    /// `[journal]`: whoever runs the sink keeps it. Never there where [`CourierConfig::from_toml`] read it.
    pub journal: Option<JournalConfig>,
}

/// What stands in the same configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// Nothing that would take its requests
    Nothing,
    /// `[emulator]`
    Emulator,
    /// Nothing at all: an embedder runs the sink
    Embedder,
}

/// Where the API key is from. `Debug` does not show it.
#[derive(Clone, Debug)]
pub enum ApiKeySource {
    /// `api_key`
    Inline(ApiKey),
    /// `api_key_file`: holds the key, and perhaps a line break after it
    File(PathBuf),
}

/// `healthcheck`, a boolean or a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthcheckConfig {
    /// `enabled`. Default true.
    pub enabled: bool,
    /// `timeout`, in seconds. Default 10, as in Vector.
    pub timeout: Duration,
}

/// `[journal]`: what became of each event is noted, for `courier-sink why`. Off by default, since it holds ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// `max_size`: how many bytes it may take on disk, at least 65 536; the oldest notes go first. Default 64 MiB, some
    /// hundred thousand events.
    pub max_size: NonZeroU64,
}

/// `[dead_letter]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterConfig {
    /// `path`: the file rejected events are kept in. By default whoever runs the sink chooses one.
    pub path: Option<PathBuf>,
}

/// A checked configuration cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// `api_key_file` cannot be read
    #[error("cannot read api_key_file {}: {error}", path.display())]
    ReadKey {
        /// Which file
        path: PathBuf,
        /// Why not
        error: io::Error,
    },
    /// The transport cannot be built
    #[error(transparent)]
    Transport(#[from] transport::BuildError),
    /// `api_key_file` holds no key
    #[error("api_key_file {} cannot be used: {source}", path.display())]
    Key {
        /// Which file
        path: PathBuf,
        /// Why not
        source: ApiKeyError,
    },
}

impl CourierConfig {
    /// Reads the options of a sink called `name` from TOML without a header: what stands below `[sinks.NAME]`, save
    /// `inputs`, since an embedder is its own source; `type = "courier"` may be left out. `name` stands for the file in
    /// mistakes. `environment` gives the values of variables.
    pub fn from_toml(
        name: &str,
        block: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Mistakes> {
        Reader::new(block, environment)
            .read(|block| {
                if let Some(item) = block.take("type") {
                    item.choice(&[("courier", ())]);
                }
                if let Some(item) = block.take("inputs") {
                    item.refuse_with("does nothing here", "remove it");
                }
                read(block, name, Beside::Embedder)
            })
            .map_err(|mistakes| Mistakes::new(name, mistakes))
    }

    /// What the transport is built from. Reads `api_key_file`, if that is where the key is; the certificate files are
    /// read by the transport.
    pub fn transport_settings(&self) -> Result<transport::Settings, BuildError> {
        let api_key = self.api_key.read()?;
        Ok(transport::Settings {
            connect_timeout: self.connect_timeout,
            tls: self.tls.clone(),
            proxy: self.proxy.clone(),
            ..transport::Settings::new(self.endpoint.clone(), api_key)
        })
    }
}

impl ApiKeySource {
    /// The key, as it is now. Blocks on the disk where it is in a file.
    pub fn read(&self) -> Result<ApiKey, BuildError> {
        match self {
            Self::Inline(key) => Ok(key.clone()),
            Self::File(path) => read_key(path),
        }
    }
}

fn read_key(path: &Path) -> Result<ApiKey, BuildError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_KEY_FILE_BYTES).read_to_string(&mut text))
        .map_err(|error| BuildError::ReadKey { path: path.to_owned(), error })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    ApiKey::new(line).map_err(|source| BuildError::Key { path: path.to_owned(), source })
}

/// Reads everything below `[sinks.NAME]` but `type` and `inputs`. `None` where something is wrong without which there is
/// no configuration.
pub(super) fn read(block: &mut Block<'_>, name: &str, beside: Beside) -> Option<CourierConfig> {
    let (endpoint, is_endpoint_written) = network::endpoint(block, beside);
    let api_key = network::api_key(block);
    let rules = rules::read(block, name);
    let expiration = expiration::read(block);
    let ingest = block.table("ingest", request::ingest);
    let batch = block.table("batch", request::batch);
    let order = order::read(block);
    let (buffer, disk_buffer) = block.table("buffer", |block| buffer::read(block, beside));
    let (delivery, connect_timeout) = block.table("request", |block| {
        let connect_timeout = block.seconds("connect_timeout_secs", Duration::from_secs(5));
        (request::request(block), connect_timeout)
    });
    let tls = block.table("tls", network::tls);
    let proxy = block.table("proxy", network::proxy);
    let healthcheck = block.flag_or_table("healthcheck", |flag, block| HealthcheckConfig {
        enabled: flag.unwrap_or_else(|| block.flag("enabled", true)),
        timeout: block.seconds("timeout", Duration::from_secs(10)),
    });
    let acknowledgements = block.flag_or_table("acknowledgements", |flag, block| {
        flag.unwrap_or_else(|| block.flag("enabled", true))
    });
    let dead_letter = block.table("dead_letter", |block| DeadLetterConfig {
        path: block.text("path").map(PathBuf::from),
    });
    let journal = block.take("journal").and_then(|item| journal(item, beside));
    Some(CourierConfig {
        settings: sink::Settings { ingest, rules, batch, order, buffer, delivery, expiration },
        endpoint: endpoint?,
        is_endpoint_written,
        api_key: api_key?,
        connect_timeout,
        tls,
        proxy,
        healthcheck,
        acknowledgements,
        dead_letter,
        disk_buffer,
        journal,
    })
}

fn journal(item: Item<'_>, beside: Beside) -> Option<JournalConfig> {
    const MAX_SIZE: NonZeroU64 = const { NonZeroU64::new(64 << 20).unwrap() };
    if beside == Beside::Embedder {
        item.refuse_with("is kept by the program, not by the library", "use `with_journal`");
    }
    item.table(|block| {
        let max_size = block.take("max_size").and_then(|item| item.number(65_536, i64::MAX));
        JournalConfig { max_size: max_size.and_then(NonZeroU64::new).unwrap_or(MAX_SIZE) }
    })
}
