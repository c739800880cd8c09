//! `[api]`: the admin endpoint.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;

use super::block::Block;
use super::item::Item;

/// `[api]`: there is an endpoint if the block is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiConfig {
    /// `address`: where it listens. Default `127.0.0.1:8686`, Vector's. It asks for no key, so an address that others
    /// can reach is warned of.
    pub address: SocketAddr,
    /// `page`: whether events are shown at `/page` as they come, with their payloads. Default `false`: those are personal
    /// data. The page asks for no key, so `address` must be a loopback address then.
    pub page: bool,
    /// `page_max_events`: how many events the page keeps, the newest. Default 10000, which are some tens of MB; at most
    /// 100000, and never more than 256 MiB of them.
    pub page_max_events: NonZeroUsize,
}

/// The default of `page_max_events`: some minutes of what a busy sink takes.
const PAGE_MAX_EVENTS: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is more than none");
const MOST_PAGE_MAX_EVENTS: i64 = 100_000;

/// The default of `address`.
pub const API_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8686);

/// `[api]`
///
/// | option | type | default | reason |
/// |---|---|---|---|
/// | `address` | IP address with port | `127.0.0.1:8686` | as in Vector; probes from elsewhere need another |
/// | `page` | boolean | `false` | payloads are personal data |
/// | `page_max_events` | 1 to 100000 | `10000` | some minutes of what a busy sink takes |
pub(super) fn read(block: &mut Block<'_>) -> ApiConfig {
    let address = block.take("address").and_then(|item| {
        let address = item.text()?.parse().ok();
        if address.is_none() {
            item.unexpected("an IP address with a port, such as `127.0.0.1:8686`");
        }
        address
    });
    let address = address.unwrap_or(API_ADDRESS);
    let item = block.take("page");
    let page = item.as_ref().and_then(Item::flag).unwrap_or_default();
    if let Some(item) = item.filter(|_| page && !address.ip().is_loopback()) {
        item.refuse_with(
            "shows personal data and asks for no key, which needs an `address` that only this machine reaches",
            "leave it out, or listen on a loopback address and reach it through a tunnel",
        );
    }
    let page_max_events = block.count("page_max_events", MOST_PAGE_MAX_EVENTS, PAGE_MAX_EVENTS);
    ApiConfig { address, page, page_max_events }
}
