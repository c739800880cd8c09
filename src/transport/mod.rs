//! Call -> HTTP -> Receipt or Failure. HTTP begins and ends here.
//!
//! [`Transport`] is the innermost service of the delivery stack: it signs an attempt, encodes it, sends it and judges
//! the answer. How often, how fast and for how long a call is tried is decided above it. Only `connect` opens sockets;
//! nothing here reads configuration files or the environment, save for the platform's own search for its root
//! certificates.

mod answer;
mod base_url;
mod connect;
mod encode;
mod excerpt;
mod judge;
mod key;
mod network;
mod retry_after;
mod roots;
mod service;
mod settings;
mod tls;
mod verifier;

pub use base_url::{BaseUrl, BaseUrlError};
pub use encode::encode;
pub use judge::{Reply, judge};
pub use key::{ApiKey, ApiKeyError, ApiKeys};
pub use service::{Attempt, BuildError, Probe, Transport};
pub use settings::{Alpn, Proxy, ProxyUrl, ProxyUrlError, Settings, Tls};
pub use tls::TlsError;

// A source that is sent to reads the same files for the other side of TLS.
#[cfg(feature = "runner")]
pub(crate) use {connect::proxy_authority, roots::roots, tls::read_identity};
