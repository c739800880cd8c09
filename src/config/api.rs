//! `[api]`: the admin endpoint.

use std::net::{Ipv4Addr, SocketAddr};

use super::block::Block;

/// `[api]`: there is an endpoint if the block is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiConfig {
    /// `address`: where it listens. Default `127.0.0.1:8686`, Vector's. It asks for no key, so an address that others
    /// can reach is warned of.
    pub address: SocketAddr,
}

/// The default of `address`.
pub const API_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8686);

/// `[api]`
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `address` | IP address with port | `127.0.0.1:8686` | as in Vector; probes from elsewhere need another |
pub(super) fn read(block: &mut Block<'_>) -> ApiConfig {
    let address = block.take("address").and_then(|item| {
        let address = item.text()?.parse().ok();
        if address.is_none() {
            item.unexpected("an IP address with a port, such as `127.0.0.1:8686`");
        }
        address
    });
    ApiConfig { address: address.unwrap_or(API_ADDRESS) }
}
