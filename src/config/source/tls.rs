//! `[sources.NAME.tls]`: how a source that is sent to encrypts its connections.

use std::path::PathBuf;

use crate::config::block::Block;
use crate::config::item::Item;

/// `[tls]` of a source that is sent to. Key files must not be encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// `crt_file`: its certificate and the chain behind it, PEM
    pub crt_file: PathBuf,
    /// `key_file`: the certificate's key, PEM
    pub key_file: PathBuf,
    /// `ca_file`: the authorities of clients, PEM. With it, only clients that show a certificate of theirs are served;
    /// without, everybody is.
    pub ca_file: Option<PathBuf>,
}

/// `enabled` is Vector's; here, files that are set are used unless it says otherwise.
pub(super) fn read(block: &mut Block<'_>) -> Option<ServerTls> {
    let enabled = block.take("enabled");
    let [crt_file, key_file, ca_file] =
        ["crt_file", "key_file", "ca_file"].map(|it| block.take(it));
    let is_asked_for = crt_file.is_some() || key_file.is_some() || ca_file.is_some();
    let is_enabled = enabled.as_ref().map_or(Some(is_asked_for), Item::flag).unwrap_or_default();
    let path = |item: &Item<'_>| item.text().map(PathBuf::from);
    let paths = [&crt_file, &key_file, &ca_file].map(|item| item.as_ref().map(path));
    if !is_enabled {
        return None;
    }
    for (name, item) in [("crt_file", &crt_file), ("key_file", &key_file)] {
        if item.is_none() {
            block.missing(name, "set both `crt_file` and `key_file`");
        }
    }
    let [crt_file, key_file, ca_file] = paths;
    Some(ServerTls { crt_file: crt_file??, key_file: key_file??, ca_file: ca_file.flatten() })
}
