//! The endpoint's URL: checked once, so that every request's URL is it plus a path.
//!
//! It does not know the paths, nor how a connection is made.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

/// Scheme, host, port and base path of Courier's API, as in `https://api.courier.com`.
///
/// The API of the EU data centre is `https://api.eu.courier.com`
/// (<https://www.courier.com/docs/platform/workspaces/eu-datacenter>).
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    uri: Uri,
}

/// The text cannot be an endpoint. It is not repeated, since it may hold credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It cannot be read
    #[error("is not a URL")]
    Malformed,
    /// Neither `http` nor `https`
    #[error("must start with https:// or http://")]
    Scheme,
    /// `user:password@host`
    #[error("must not hold credentials; the key is an option of its own")]
    Credentials,
    /// `?` or `#`
    #[error("must not hold a query or a fragment")]
    Query,
}

impl BaseUrl {
    /// Reads an `http` or `https` URL. A base path is kept, a trailing slash is dropped.
    pub fn new(text: &str) -> Result<Self, BaseUrlError> {
        // `http::Uri` drops a fragment without a word.
        if text.contains(['?', '#']) {
            return Err(BaseUrlError::Query);
        }
        let uri: Uri = text.parse().map_err(|_| BaseUrlError::Malformed)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(BaseUrlError::Scheme);
        }
        let authority = uri.authority().ok_or(BaseUrlError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(BaseUrlError::Credentials);
        }
        // A port that is no number between 0 and 65535 is not noticed before.
        if authority.host().is_empty() || has_bad_port(authority) {
            return Err(BaseUrlError::Malformed);
        }
        Ok(Self { text: text.trim_end_matches('/').to_owned(), uri })
    }

    /// The URL as it was written, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL in parts.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether connections are encrypted.
    pub fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Whether only this machine is meant, by an address or as `localhost`.
    pub fn is_loopback(&self) -> bool {
        let host = self.uri.host().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    }

    /// Host and port, as far as they were written.
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or("", http::uri::Authority::as_str)
    }
}

/// Whether something stands behind the host that is not a port.
pub(super) fn has_bad_port(authority: &http::uri::Authority) -> bool {
    let rest = authority.as_str().rsplit('@').next().unwrap_or_default();
    rest.len() > authority.host().len() && authority.port_u16().is_none()
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_kept_and_a_trailing_slash_dropped() {
        for (text, kept) in [
            ("https://api.courier.com", "https://api.courier.com"),
            ("https://api.courier.com/", "https://api.courier.com"),
            ("http://[::1]:8080/base/path/", "http://[::1]:8080/base/path"),
        ] {
            assert_eq!(BaseUrl::new(text).unwrap().as_str(), kept);
        }
        assert!(BaseUrl::new("HTTPS://api.courier.com").unwrap().is_https());
    }

    #[test]
    fn this_machine_is_told_from_names_that_begin_alike() {
        for (text, is_loopback) in [
            ("http://localhost:8787", true),
            ("http://LocalHost", true),
            ("http://127.8.9.1:1/base", true),
            ("http://[::1]:8787", true),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("http://[::2]", false),
        ] {
            assert_eq!(BaseUrl::new(text).unwrap().is_loopback(), is_loopback, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_an_endpoint_is_refused_without_repeating_it() {
        for (text, error) in [
            ("", BaseUrlError::Malformed),
            ("api.courier.com", BaseUrlError::Scheme),
            ("ftp://api.courier.com", BaseUrlError::Scheme),
            ("/path", BaseUrlError::Scheme),
            ("https://", BaseUrlError::Malformed),
            ("https://host:port", BaseUrlError::Malformed),
            ("https://host:99999", BaseUrlError::Malformed),
            ("https://user:secret@host", BaseUrlError::Credentials),
            ("https://host/?a=b", BaseUrlError::Query),
            ("https://host/#a", BaseUrlError::Query),
        ] {
            let refused = BaseUrl::new(text).unwrap_err();
            assert_eq!(refused, error, "{text}");
            assert!(!refused.to_string().contains("secret"));
        }
    }
}
