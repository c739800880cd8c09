//! What browsers send: form fields, and the headers by which a page of somebody else's is told from ours.

use std::net::{IpAddr, SocketAddr};

use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::percent_decode;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Security: more fields than any form of ours has are not read.
const MAX_FIELDS: usize = 32;

/// Who may look and who may change something.
///
/// Security: a page asks for no key, and any site that a browser on this machine shows can send requests to loopback.
/// What such a site sends cannot change anything, since browsers say where a request comes from; and it cannot read
/// anything by giving its own name to this address, since names other than `localhost` are refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    /// Whether only this machine reaches the page, so that nobody needs a name for it
    pub(crate) is_loopback: bool,
}

impl Guard {
    /// Whether the page may be shown to whoever sent these headers.
    pub(crate) fn shows(self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let is_own = !self.is_loopback || headers.get(HOST).is_some_and(is_machine);
        if is_own { Ok(()) } else { Err(StatusCode::MISDIRECTED_REQUEST) }
    }

    /// Whether whoever sent these headers may change something.
    pub(crate) fn changes(self, headers: &HeaderMap) -> Result<(), StatusCode> {
        self.shows(headers)?;
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let is_same = match (text(FETCH_SITE), text(ORIGIN)) {
            (Some(site), _) => site == "same-origin" || site == "none",
            (None, Some(origin)) => {
                let authority = origin.split_once("://").map(|(_, authority)| authority);
                authority.is_some() && authority == text(HOST)
            }
            // No browser: those send one of the two with every form.
            (None, None) => true,
        };
        if is_same { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
    }
}

fn is_machine(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else {
        return false;
    };
    // What most who ask write.
    if host.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let host = authority.host().to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok()
}

/// The fields of a query or a form; bytes that are no UTF-8 are replaced.
pub(crate) fn fields(raw: &[u8]) -> Vec<(String, String)> {
    let decoded = |text: &[u8]| {
        let spaced: Vec<u8> =
            text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&spaced).decode_utf8_lossy().into_owned()
    };
    let parts = raw.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts
        .take(MAX_FIELDS)
        .map(|part| {
            let mut sides = part.splitn(2, |byte| *byte == b'=');
            let mut side = || decoded(sides.next().unwrap_or_default());
            (side(), side())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Guard = Guard { is_loopback: true };

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = list.iter().map(|(name, value)| {
            (HeaderName::from_static(name), http::HeaderValue::from_static(value))
        });
        pairs.collect()
    }

    #[test]
    fn another_name_for_this_machine_shows_nothing() {
        for host in ["127.0.0.1:8787", "localhost", "[::1]:80", "app.localhost:1"] {
            assert_eq!(HERE.shows(&headers(&[("host", host)])), Ok(()), "{host}");
        }
        for host in ["evil.example:8787", "127.0.0.1.evil.example", ""] {
            let refused = Err(StatusCode::MISDIRECTED_REQUEST);
            assert_eq!(HERE.shows(&headers(&[("host", host)])), refused, "{host}");
        }
        let elsewhere = Guard { is_loopback: false };
        assert_eq!(elsewhere.shows(&headers(&[("host", "courier.test")])), Ok(()));
    }

    #[test]
    fn only_a_form_of_this_page_changes_anything() {
        let from = |list: &[(&'static str, &'static str)]| {
            let mut all = vec![("host", "127.0.0.1:1")];
            all.extend_from_slice(list);
            HERE.changes(&headers(&all))
        };
        assert_eq!(from(&[]), Ok(()));
        assert_eq!(from(&[("sec-fetch-site", "same-origin"), ("origin", "null")]), Ok(()));
        assert_eq!(from(&[("origin", "http://127.0.0.1:1")]), Ok(()));
        let refused = Err(StatusCode::FORBIDDEN);
        assert_eq!(from(&[("sec-fetch-site", "cross-site")]), refused);
        assert_eq!(from(&[("sec-fetch-site", "same-site")]), refused);
        assert_eq!(from(&[("origin", "http://127.0.0.1:2")]), refused);
        assert_eq!(from(&[("origin", "null")]), refused);
    }

    #[test]
    fn fields_are_decoded_once() {
        let read = fields(b"a=b+c%2B&d&=e&%ff=1&x=1=2");
        let expected = [("a", "b c+"), ("d", ""), ("", "e"), ("\u{fffd}", "1"), ("x", "1=2")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
