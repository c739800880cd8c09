//! What a transport is built from. Values only: nothing here reads a file, the environment or a clock.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

use super::base_url::has_bad_port;
use super::{ApiKey, BaseUrl};

/// How to reach Courier.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Courier's API
    pub endpoint: BaseUrl,
    /// The key attempts are signed with at first; [`Transport::api_keys`](super::Transport::api_keys) exchanges it
    pub api_key: ApiKey,
    /// How long a connection may take to be made: name look-up, TCP, proxy and TLS together. More than zero.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept
    pub pool_idle_timeout: Duration,
    /// How many idle HTTP/1.1 connections are kept; 0 keeps none. Security: there are never more than attempts were under way
    /// at once, which `request.concurrency` bounds, and each ends after `pool_idle_timeout`.
    pub pool_max_idle: usize,
    /// Certificates and verification, for `https` endpoints and proxies
    pub tls: Tls,
    /// The way out of a closed network
    pub proxy: Proxy,
}

/// TLS towards Courier. Key files must not be encrypted: rustls reads no passphrases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of certificate authorities, trusted instead of the platform's, as in Vector
    pub ca_file: Option<PathBuf>,
    /// PEM file of the client certificate and its chain; needs `key_file`
    pub crt_file: Option<PathBuf>,
    /// PEM file of the client certificate's private key; needs `crt_file`
    pub key_file: Option<PathBuf>,
    /// Whether the server's certificate must be valid at all. Without it anyone on the way can read the key.
    pub verify_certificate: bool,
    /// Whether the certificate must be for this host
    pub verify_hostname: bool,
    /// What to offer by ALPN: `None` offers HTTP/2 and HTTP/1.1, an empty list offers nothing and so means HTTP/1.1
    pub alpn_protocols: Option<Vec<Alpn>>,
    /// The name to ask for (SNI) and to find in the certificate, instead of the endpoint's host; through proxies too
    pub server_name: Option<String>,
}

/// A protocol that can be agreed on by ALPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alpn {
    /// `h2`
    Http2,
    /// `http/1.1`
    Http11,
}

/// Proxies, as the environment variables of the same names have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Whether the other members count
    pub enabled: bool,
    /// The proxy for an `http` endpoint: asked for the whole URL
    pub http: Option<ProxyUrl>,
    /// The proxy for an `https` endpoint: asked for a tunnel with `CONNECT`
    pub https: Option<ProxyUrl>,
    /// Hosts reached directly: `*` for all, a domain for it and its subdomains, an address or a network such as
    /// `10.0.0.0/8`. Ports cannot be told apart.
    pub no_proxy: Vec<String>,
}

/// `http://` or `https://`, perhaps `user:password@`, a host, perhaps a port. `Debug` hides the credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Uri);

/// The text cannot be a proxy's URL. It is not repeated, since it may hold credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// It cannot be read
    #[error("is not a URL")]
    Malformed,
    /// Neither `http` nor `https`
    #[error("must start with http:// or https://")]
    Scheme,
}

impl Settings {
    /// `endpoint` and `api_key`, and for the rest:
    ///
    /// - `connect_timeout` 5 s, as in Courier's own Python client;
    /// - `pool_idle_timeout` 50 s, below the 60 s after which common load balancers close an idle connection, so that
    ///   no request is sent into a connection that is being closed;
    /// - `pool_max_idle` without limit, as hyper has it: whatever concurrency is allowed, its connections are used again. With
    ///   the 20 of the same client, every attempt above that many at once would make a connection of its own;
    /// - full verification against the platform's authorities, and no proxy.
    pub fn new(endpoint: BaseUrl, api_key: ApiKey) -> Self {
        Self {
            endpoint,
            api_key,
            connect_timeout: Duration::from_secs(5),
            pool_idle_timeout: Duration::from_secs(50),
            pool_max_idle: usize::MAX,
            tls: Tls::default(),
            proxy: Proxy::default(),
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            ca_file: None,
            crt_file: None,
            key_file: None,
            verify_certificate: true,
            verify_hostname: true,
            alpn_protocols: None,
            server_name: None,
        }
    }
}

impl Alpn {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http2 => "h2",
            Self::Http11 => "http/1.1",
        }
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self { enabled: true, http: None, https: None, no_proxy: Vec::new() }
    }
}

impl ProxyUrl {
    /// Reads a proxy's URL; its path, if any, means nothing.
    pub fn new(text: &str) -> Result<Self, ProxyUrlError> {
        let uri: Uri = text.parse().map_err(|_| ProxyUrlError::Malformed)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(ProxyUrlError::Scheme);
        }
        match uri.authority() {
            Some(authority) if !authority.host().is_empty() && !has_bad_port(authority) => {
                Ok(Self(uri))
            }
            _ => Err(ProxyUrlError::Malformed),
        }
    }

    /// The URL, credentials included.
    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", http::uri::Authority::as_str);
        match authority.rsplit_once('@') {
            Some((_, address)) => write!(f, "{scheme}://[redacted]@{address}"),
            None => write!(f, "{scheme}://{authority}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_show_neither_the_key_nor_the_proxy_s_password() {
        let mut settings = Settings::new(
            BaseUrl::new("https://api.courier.com").unwrap(),
            ApiKey::new("pk_secret").unwrap(),
        );
        settings.proxy.https = Some(ProxyUrl::new("http://me:hunter2@proxy:3128").unwrap());
        let shown = format!("{settings:?}");
        assert!(!shown.contains("pk_secret") && !shown.contains("hunter2"));
        assert!(shown.contains("http://[redacted]@proxy:3128"));
    }

    #[test]
    fn only_http_proxies_are_taken() {
        assert_eq!(ProxyUrl::new("socks5://p"), Err(ProxyUrlError::Scheme));
        assert_eq!(ProxyUrl::new("proxy:3128"), Err(ProxyUrlError::Scheme));
        assert_eq!(ProxyUrl::new("http://p:x"), Err(ProxyUrlError::Malformed));
    }
}
