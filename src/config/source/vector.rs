//! `type = "vector"`: what the `vector` sink of a Vector sends.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::door::{self, DoorConfig};
use super::tls::{self, ServerTls};
use crate::config::block::Block;
use crate::event::Trust;

/// The options of a `vector` source, named as those of Vector's own where it has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorSource {
    /// `address`: where it listens, an IP address with a port
    pub address: SocketAddr,
    /// `tls`: encrypts connections. Default: they are not.
    pub tls: Option<ServerTls>,
    /// `encoding.except_fields`: members that are left out of events, each a path of names from the event's root.
    /// Default: what Vector's sources add that a RudderStack event has no member of the same name for. Not `timestamp`:
    /// it is RudderStack's as well, Vector adds it only where there is none, and then it keeps the id the same that an
    /// event without `messageId` is given each time it is sent.
    pub except_fields: Vec<Vec<String>>,
    /// `trusted`: whether events may bring automations of their own, as far as the sink allows. Default true: whoever
    /// runs the Vector in front is taken for the operator. Set it to false where that Vector takes in what browsers and
    /// apps send.
    pub trust: Trust,
    /// `max_request_bytes`: the largest request, before and after it is unpacked. Default 100 MiB, as in Vector. What is
    /// larger is refused for good. While it is read, a request takes about three times its bytes, and one that is made to
    /// hurt up to six times.
    pub max_request_bytes: NonZeroUsize,
    /// `max_request_events`: the most events in one request. Default 50 000; Vector's sink sends 1 000 unless it is told
    /// otherwise. More are refused for good.
    pub max_request_events: NonZeroUsize,
    /// `max_event_bytes`: the largest event, as it is encoded; a larger one is a bad record. Default 4 096 000, as long
    /// as a line may be.
    pub max_event_bytes: NonZeroUsize,
    /// `max_connections`: how many clients are served at once; further ones wait to be accepted. Default 512, half of
    /// the files a process may usually open.
    pub max_connections: NonZeroUsize,
    /// `body_timeout_secs`: how long it may take to receive a request. Default 60, the patience of Vector's sink.
    pub body_timeout: Duration,
    /// `keepalive.interval_secs`: how often a silent client is asked whether it is still there. Default 60.
    pub keepalive_interval: Duration,
    /// `keepalive.timeout_secs`: how long it may take to answer that. Default 20.
    pub keepalive_timeout: Duration,
    /// What it has in common with others
    pub door: DoorConfig,
}

/// What Vector's sources add: all of them, those that listen, those that read files, and `kafka`.
const EXCEPT_FIELDS: [&str; 10] = [
    "source_type",
    "host",
    "path",
    "port",
    "file",
    "topic",
    "partition",
    "offset",
    "headers",
    "message_key",
];

const MAX_REQUEST_BYTES: NonZeroUsize = const { NonZeroUsize::new(100 << 20).unwrap() };
const MAX_REQUEST_EVENTS: NonZeroUsize = const { NonZeroUsize::new(50_000).unwrap() };
const MAX_EVENT_BYTES: NonZeroUsize = const { NonZeroUsize::new(4_096_000).unwrap() };
const MAX_CONNECTIONS: NonZeroUsize = const { NonZeroUsize::new(512).unwrap() };

/// The most that can be configured of what memory is set aside for.
const MOST: i64 = 1 << 30;

pub(super) fn read(block: &mut Block<'_>) -> Option<VectorSource> {
    let address = block.required("address", "set it as in `127.0.0.1:6000`");
    let address = address.and_then(|item| super::address(&item));
    // Vector has had no other since 0.25, and takes this one as written too.
    if let Some(version) = block.take("version") {
        version.choice(&[("2", ())]);
    }
    let (keepalive_interval, keepalive_timeout) = block.table("keepalive", |block| {
        let interval = block.seconds("interval_secs", Duration::from_secs(60));
        (interval, block.seconds("timeout_secs", Duration::from_secs(20)))
    });
    let source = VectorSource {
        address: address.unwrap_or_else(|| ([127, 0, 0, 1], 0).into()),
        tls: block.table("tls", tls::read),
        except_fields: block.table("encoding", except_fields),
        trust: if block.flag("trusted", true) { Trust::Trusted } else { Trust::Untrusted },
        max_request_bytes: block.count("max_request_bytes", MOST, MAX_REQUEST_BYTES),
        max_request_events: block.count("max_request_events", 10_000_000, MAX_REQUEST_EVENTS),
        max_event_bytes: block.count("max_event_bytes", MOST, MAX_EVENT_BYTES),
        max_connections: block.count("max_connections", 1_000_000, MAX_CONNECTIONS),
        body_timeout: block.seconds("body_timeout_secs", Duration::from_secs(60)),
        keepalive_interval,
        keepalive_timeout,
        door: door::read(block),
    };
    address.map(|_| source)
}

fn except_fields(block: &mut Block<'_>) -> Vec<Vec<String>> {
    let names = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
    let Some(item) = block.take("except_fields") else {
        return EXCEPT_FIELDS.map(names).into();
    };
    let mut paths = Vec::new();
    for item in item.elements().unwrap_or_default() {
        let Some(text) = item.text() else { continue };
        // Vector's paths may begin with a dot, and quote names.
        let path = names(text.strip_prefix('.').unwrap_or(&text));
        let is_plain = |name: &String| !name.is_empty() && !name.contains(['"', '[', ']']);
        if path.iter().all(is_plain) {
            paths.push(path);
        } else {
            item.unexpected("a path of names such as `properties.debug`");
        }
    }
    paths
}
