//! `type = "http_server"`: RudderStack's data-plane API, as its SDKs use it.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use toml_span::value::ValueInner;

use super::door::{self, DoorConfig};
use super::tls::{self, ServerTls};
use super::write_key::WriteKey;
use crate::config::Texts;
use crate::config::block::Block;
use crate::config::item::Item;
use crate::config::network::path_of_keys;
use crate::event::Trust;

/// The options of an `http_server` source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpServerSource {
    /// `address`: where it listens, an IP address with a port
    pub address: SocketAddr,
    /// `tls`: encrypts connections, which may then be of HTTP/2 as well. Default: they are not, and HTTP/1.1.
    pub tls: Option<ServerTls>,
    /// `write_keys` or `write_keys_file`: who may write. Without any, everybody who reaches a loopback `address`.
    pub write_keys: WriteKeys,
    /// `path`: where bodies of any shape are posted, as webhooks and Vector's `http` sink do. Default `/v1/webhook`, as
    /// RudderStack's gateway has it.
    pub path: String,
    /// `strict`: whether one bad record has its whole request refused, as in RudderStack's gateway. Default false: the good
    /// ones are taken, and the bad one becomes a dead letter.
    pub strict: bool,
    /// `gateway_fields`: whether `receivedAt`, `request_ip`, `rudderId` and a missing `messageId` are added, as
    /// RudderStack's gateway does. Default true.
    pub gateway_fields: bool,
    /// `max_request_bytes`: the largest body, before and after it is unpacked. Default 16 MiB: RudderStack's gateway takes
    /// 4 096 000 bytes, its Python SDK sends up to 4 MiB, Vector's `http` sink up to 10 MB, and both drop what is refused.
    pub max_request_bytes: NonZeroUsize,
    /// `max_request_events`: the most records in one body. Default 50 000.
    pub max_request_events: NonZeroUsize,
    /// `max_connections`: how many clients are served at once; further ones wait to be accepted. Default 512, half of
    /// the files a process may usually open.
    pub max_connections: NonZeroUsize,
    /// `keepalive.max_connection_age_secs`: after that long a connection ends with its next answer. Default 300, as in
    /// Vector's source of that name.
    pub max_connection_age: Duration,
    /// `header_timeout_secs`: how long a request's head may take, and how long a connection may be idle. Default 60.
    pub header_timeout: Duration,
    /// `body_timeout_secs`: how long a request's body may take. Default 60.
    pub body_timeout: Duration,
    /// What it has in common with others
    pub door: DoorConfig,
}

/// Who may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteKeys {
    /// Everybody who can reach the address, which is this machine's own. Programs on it are trusted; pages in a browser and
    /// whoever a proxy passes on, known by `Origin`, `Forwarded` and `X-Forwarded-For`, are not.
    Anyone,
    /// `write_keys`: strings, which are not trusted, or `{ key, trusted }`
    Listed(Vec<WriteKey>),
    /// `write_keys_file`: a key a line, and ` trusted` behind it for one that is; followed while it runs
    File(PathBuf),
}

const PATH: &str = "/v1/webhook";

/// What is served already, and so cannot be `path`.
const TAKEN: [&str; 5] = ["/health", "/version", "/v1/", "/beacon/", "/pixel/"];

const MAX_REQUEST_BYTES: NonZeroUsize = const { NonZeroUsize::new(16 << 20).unwrap() };
const MAX_REQUEST_EVENTS: NonZeroUsize = const { NonZeroUsize::new(50_000).unwrap() };
const MAX_CONNECTIONS: NonZeroUsize = const { NonZeroUsize::new(512).unwrap() };

/// The most that can be configured of what memory is set aside for.
const MOST: i64 = 1 << 30;

pub(super) fn read(block: &mut Block<'_>) -> Option<HttpServerSource> {
    let address = block.required("address", "set it as in `127.0.0.1:8080`");
    let address = address.and_then(|item| Some((super::address(&item)?, item)));
    let write_keys = write_keys(block, address.as_ref());
    let path = block.take("path").map_or_else(|| Some(PATH.to_owned()), |item| path(&item));
    let timeout = Duration::from_secs(60);
    let tls = block.table("tls", tls::read);
    let strict = block.flag("strict", false);
    let gateway_fields = block.flag("gateway_fields", true);
    let max_request_bytes = block.count("max_request_bytes", MOST, MAX_REQUEST_BYTES);
    let max_request_events = block.count("max_request_events", 10_000_000, MAX_REQUEST_EVENTS);
    let max_connections = block.count("max_connections", 1_000_000, MAX_CONNECTIONS);
    let header_timeout = block.seconds("header_timeout_secs", timeout);
    let body_timeout = block.seconds("body_timeout_secs", timeout);
    let max_connection_age = block.table("keepalive", |block| {
        block.seconds("max_connection_age_secs", Duration::from_secs(300))
    });
    let door = door::read(block);
    Some(HttpServerSource {
        address: address.map(|(address, _)| address)?,
        tls,
        write_keys,
        path: path.unwrap_or_default(),
        strict,
        gateway_fields,
        max_request_bytes,
        max_request_events,
        max_connections,
        max_connection_age,
        header_timeout,
        body_timeout,
        door,
    })
}

/// Security: a port that others can reach is not to be left without a key by oversight.
fn write_keys(block: &mut Block<'_>, address: Option<&(SocketAddr, Item<'_>)>) -> WriteKeys {
    let listed = block.take("write_keys").map(Item::secret);
    let Ok(file) = path_of_keys(block, "write_keys_file", "write_keys") else {
        return WriteKeys::Anyone;
    };
    if !block.reader.wants_keys {
        return WriteKeys::Listed(Vec::new());
    }
    match (listed, file) {
        (Some(_), Some(file)) => {
            file.refuse_with("`write_keys` is set too", "keep one of the two");
            WriteKeys::Anyone
        }
        (Some(item), None) => WriteKeys::Listed(listed_keys(item)),
        (None, Some(item)) => WriteKeys::File(item.text().unwrap_or_default().into()),
        (None, None) => {
            if let Some((_, item)) = address.filter(|(address, _)| !address.ip().is_loopback()) {
                item.refuse_with(
                    "others than this machine can reach it, and there are no write keys",
                    "set `write_keys` or `write_keys_file`, or an address such as `127.0.0.1:8080`",
                );
            }
            WriteKeys::Anyone
        }
    }
}

fn listed_keys(item: Item<'_>) -> Vec<WriteKey> {
    if item.value.as_array().is_some_and(Vec::is_empty) {
        item.refuse_with("must not be empty", "list a key for each client or group of clients");
        return Vec::new();
    }
    let mut keys: Vec<WriteKey> = Vec::new();
    for item in item.elements().unwrap_or_default() {
        let (reader, place) = (item.reader, item.place.clone());
        let key = if matches!(item.value, ValueInner::Table(_)) {
            item.table(|block| {
                let is_trusted = block.flag("trusted", false);
                let trust = if is_trusted { Trust::Trusted } else { Trust::Untrusted };
                let key = block.required("key", "set it to the write key")?.secret();
                key.parsed(|text| WriteKey::new(text, trust))
            })
            .flatten()
        } else if matches!(item.value, ValueInner::String(_)) {
            item.parsed(|text| WriteKey::new(text, Trust::Untrusted))
        } else {
            item.unexpected("a string or a table such as `{ key = \"…\", trusted = true }`");
            None
        };
        let Some(key) = key else { continue };
        if keys.iter().any(|known| known.hash() == key.hash()) {
            let message = "is there twice".to_owned();
            reader.mistake_in(&place, Texts::Secret, message, None);
        }
        keys.push(key);
    }
    keys
}

fn path(item: &Item<'_>) -> Option<String> {
    let path = item.text()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_-.~".contains(c);
    if !path.starts_with('/') || !path.chars().all(is_plain) {
        item.unexpected(
            "a path such as `/v1/webhook`, of letters, digits, `/`, `_`, `-`, `.`, `~`",
        );
        return None;
    }
    if path != PATH && TAKEN.iter().any(|taken| path.starts_with(taken)) || path == "/" {
        item.refuse_with("is taken by RudderStack's own routes", "choose one such as `/events`");
        return None;
    }
    Some(path)
}
