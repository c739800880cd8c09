//! Addresses that two parts of a run would listen on: only one of them could.
//!
//! Known without asking the system: port 0 is a free one each time, and what others have taken is found at the start.

use std::net::{IpAddr, SocketAddr};

use super::mistake;
use crate::config::{Config, Mistake, SourceKind};

/// A mistake for each address that something before it listens on already.
pub(super) fn shared_addresses(config: &Config) -> Vec<Mistake> {
    let (mut taken, mut wrong) = (Vec::<(String, SocketAddr)>::new(), Vec::new());
    for (line, option, address) in addresses(config) {
        if let Some((owner, at)) = taken.iter().find(|(_, other)| collide(*other, address)) {
            let message = format!("{address} cannot be listened on: `{owner}` is {at} already");
            wrong.push(mistake(line, option.clone(), message, "choose another port"));
        }
        taken.push((option, address));
    }
    wrong
}

/// All that is listened on, by the line of its block, its option and the address.
fn addresses(config: &Config) -> Vec<(usize, String, SocketAddr)> {
    let mut all = Vec::new();
    // These have no line of their own: where they stand is found by their option.
    all.extend(config.api.map(|api| (1, "api.address".to_owned(), api.address)));
    let emulator = config.emulator.as_ref();
    all.extend(emulator.map(|it| (1, "emulator.address".to_owned(), it.address)));
    for (name, source) in &config.sources {
        let address = match &source.kind {
            SourceKind::Stdin | SourceKind::File(_) => continue,
            SourceKind::HttpServer(server) => server.address,
            SourceKind::Vector(server) => server.address,
        };
        all.push((source.line, format!("sources.{name}.address"), address));
    }
    all
}

/// Whether only one of two can be listened on, as on Linux: `0.0.0.0` takes the port of every IPv4 address, and `[::]` that of
/// every address.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    let takes = |all: IpAddr, it: IpAddr| all.is_unspecified() && (all.is_ipv6() || it.is_ipv4());
    one.port() == other.port() && one.port() != 0 && (a == b || takes(a, b) || takes(b, a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_by_itself_and_by_all_of_its_kind() {
        for (one, other, is_taken) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("0.0.0.0:80", "[::1]:80", false),
            ("[::]:80", "[::1]:80", true),
            ("[::]:80", "127.0.0.1:80", true),
            ("[::]:80", "0.0.0.0:80", true),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80", true),
            ("[::1]:80", "127.0.0.1:80", false),
        ] {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(
                (collide(one, other), collide(other, one)),
                (is_taken, is_taken),
                "{one} {other}"
            );
        }
    }
}
