//! What RudderStack's gateway adds to an event: `type` by the route, an id, who sent it and when.
//!
//! Values are kept as they were written. The gateway itself reads and writes them anew, and so loses large numbers, the
//! order of members, and a `messageId` that is a number.

use std::net::IpAddr;

use http::HeaderMap;
use uuid::Builder;

use super::ids::{Ids, visible};
use crate::clock::Clock;
use crate::json::{Kind, Members, ObjectWriter};
use crate::runner::source::door::Identity;

/// What is added to each event of a request.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    received_at: String,
    request_ip: String,
}

/// Names of what is added, each with room for its value.
const ADDED_BYTES: usize = 256;

impl Stamp {
    /// For a request from `peer` that arrives now.
    pub(super) fn new(headers: &HeaderMap, peer: IpAddr, clock: &Clock) -> Self {
        Self {
            received_at: clock.now().to_string(),
            request_ip: request_ip(headers, peer).to_string(),
        }
    }
}

/// The address the request came from, as far as proxies tell.
// Security: whoever sends may claim any address, in RudderStack's gateway as well; but an address it has to be, or a long
// text would be copied into every event.
fn request_ip(headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let first = forwarded.and_then(|value| value.split(',').next());
    first.and_then(|address| address.trim().parse().ok()).unwrap_or(peer)
}

/// The text of `event` with `kind` as its type, if the route says one, and what is in `stamp`, if anything is to be added.
/// An event without an id gets one made of `identity`, so that a resend has it as well, or of `chance`.
pub(super) fn completed(
    event: &Members<'_>,
    kind: Option<&str>,
    stamp: Option<&Stamp>,
    identity: Option<Identity>,
    chance: &mut fastrand::Rng,
) -> String {
    let is_added = |name: &str| match name {
        "type" => kind.is_some(),
        "rudderId" => stamp.is_some(),
        "messageId" => stamp.is_some() && !has_id(event),
        _ => false,
    };
    let length: usize = event.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let mut object = ObjectWriter::with_capacity(length + ADDED_BYTES);
    for (name, value) in event.iter().filter(|(name, _)| !is_added(name)) {
        object.raw(name, value);
    }
    if let Some(kind) = kind {
        object.string("type", kind);
    }
    if let Some(stamp) = stamp {
        if !has_id(event) {
            object.string("messageId", &made_id(identity, chance));
        }
        object.string("rudderId", &Ids::of(event).rudder_id());
        for (name, value) in [("receivedAt", &stamp.received_at), ("request_ip", &stamp.request_ip)]
        {
            if !event.contains(name) {
                object.string(name, value);
            }
        }
    }
    object.finish()
}

fn has_id(event: &Members<'_>) -> bool {
    let is_usable = |value| matches!(Kind::of(value), Kind::String | Kind::Number);
    event.get("messageId").is_some_and(|value| is_usable(value) && !visible(value).is_empty())
}

fn made_id(identity: Option<Identity>, chance: &mut fastrand::Rng) -> String {
    let builder = match identity {
        Some(identity) => Builder::from_custom_bytes(identity.to_bytes()),
        None => Builder::from_random_bytes(chance.u128(..).to_be_bytes()),
    };
    builder.into_uuid().hyphenated().to_string()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use http::HeaderValue;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn stamp() -> Stamp {
        let clock = Clock::from_fn(|| Duration::from_millis(951_827_415_250));
        Stamp::new(&HeaderMap::new(), PEER, &clock)
    }

    fn complete(text: &str, kind: Option<&str>, stamp: Option<&Stamp>) -> String {
        let event = Members::of(text);
        let identity = Identity::of("test", &event);
        completed(&event, kind, stamp, identity, &mut fastrand::Rng::with_seed(1))
    }

    #[test]
    fn what_is_there_stays_as_it_was_written() {
        let text = r#"{"userId":"u1","messageId":7,"n":[1.10,9007199254740993],"request_ip":null}"#;
        assert_eq!(complete(text, None, None), text);
        assert_eq!(
            complete(text, Some("track"), Some(&stamp())),
            r#"{"userId":"u1","messageId":7,"n":[1.10,9007199254740993],"request_ip":null,"type":"track","rudderId":"5eff0fc3-0944-48fa-9c04-38f62e3890ca","receivedAt":"2000-02-29T12:30:15.250Z"}"#
        );
    }

    #[test]
    fn the_route_and_the_gateway_have_the_last_word_on_what_is_theirs() {
        let text = r#"{"type":"page","rudderId":"x","type":1,"messageId":" \u200b","userId":"u1"}"#;
        let completed = complete(text, Some("track"), Some(&stamp()));
        let event = Members::of(&completed);
        let count = |name| event.iter().filter(|(found, _)| *found == name).count();
        for name in ["type", "rudderId", "messageId", "receivedAt", "request_ip"] {
            assert_eq!(count(name), 1, "{name}: {completed}");
        }
        assert_eq!(event.get("type"), Some("\"track\""));
        assert_eq!(event.get("request_ip"), Some("\"127.0.0.1\""));
    }

    #[test]
    fn a_resend_without_an_id_gets_the_same_one() {
        let id = |text| {
            let completed = complete(text, None, Some(&stamp()));
            Members::of(&completed).get("messageId").unwrap().to_owned()
        };
        let first = id(r#"{"userId":"u","timestamp":"1","sentAt":"2"}"#);
        assert_eq!(id(r#"{"userId":"u","timestamp":"1","sentAt":"3"}"#), first);
        assert_ne!(id(r#"{"userId":"u","timestamp":"2","sentAt":"3"}"#), first);
    }

    #[test]
    fn a_proxy_names_the_client_with_an_address_or_not_at_all() {
        for (value, address) in [
            ("192.0.2.7, 10.0.0.1", "192.0.2.7"),
            (" 2001:db8::1 ", "2001:db8::1"),
            ("unknown, 192.0.2.7", "127.0.0.1"),
            ("", "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_static(value));
            assert_eq!(request_ip(&headers, PEER).to_string(), address, "{value}");
        }
    }
}
