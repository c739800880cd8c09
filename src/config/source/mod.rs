//! `[sources.NAME]`: where records come from.

mod door;
mod file;
mod http_server;
mod tls;
mod vector;
mod write_key;

use std::net::SocketAddr;
use std::num::NonZeroUsize;

pub use door::DoorConfig;
pub use file::{FileOrder, FileSource, FollowFiles, ReadFrom};
pub use http_server::{HttpServerSource, WriteKeys};
pub use tls::ServerTls;
pub use vector::VectorSource;
pub use write_key::{WriteKey, WriteKeyError, WriteKeyHash};

use super::block::Block;
use super::item::Item;

/// One source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What is read
    pub kind: SourceKind,
    /// `max_line_bytes` of a source that reads lines: the longest one; a longer one is a bad record. Default 4 096 000, the
    /// largest request that RudderStack's gateway takes.
    pub max_line_bytes: NonZeroUsize,
    /// The line its block starts at, from 1
    pub line: usize,
}

/// `type`: what a source reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// `stdin`
    Stdin,
    /// `file`
    File(FileSource),
    /// `http_server`
    HttpServer(HttpServerSource),
    /// `vector`
    Vector(VectorSource),
}

const MAX_LINE_BYTES: NonZeroUsize = const { NonZeroUsize::new(4_096_000).unwrap() };

#[derive(Clone, Copy)]
enum Type {
    Stdin,
    File,
    HttpServer,
    Vector,
}

const TYPES: [(&str, Type); 4] = [
    ("stdin", Type::Stdin),
    ("file", Type::File),
    ("http_server", Type::HttpServer),
    ("vector", Type::Vector),
];

/// Reads one source. `None` where its type is not known: then nothing can be said of its other options.
pub(super) fn read(block: &mut Block<'_>) -> Option<Source> {
    let remedy = "set it to `stdin`, `file`, `http_server` or `vector`";
    let kind = block.required("type", remedy).and_then(|item| item.choice(&TYPES));
    let Some(kind) = kind else {
        block.take_all();
        return None;
    };
    let line = block.reader.position(block.place.at).0;
    let kind = match kind {
        Type::Stdin => SourceKind::Stdin,
        Type::File => SourceKind::File(file::read(block)),
        Type::HttpServer => {
            let kind = SourceKind::HttpServer(http_server::read(block)?);
            return Some(Source { kind, max_line_bytes: MAX_LINE_BYTES, line });
        }
        Type::Vector => {
            let kind = SourceKind::Vector(vector::read(block)?);
            return Some(Source { kind, max_line_bytes: MAX_LINE_BYTES, line });
        }
    };
    let max_line_bytes = block.count("max_line_bytes", i64::MAX, MAX_LINE_BYTES);
    Some(Source { kind, max_line_bytes, line })
}

/// An address to listen on.
fn address(item: &Item<'_>) -> Option<SocketAddr> {
    let address = item.text()?.parse().ok();
    if address.is_none() {
        item.unexpected("an IP address with a port, such as `127.0.0.1:8080`");
    }
    address
}
