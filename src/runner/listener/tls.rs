//! The certificate files of a server in, its side of TLS out. Reads them once, and knows no sockets.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;

use crate::config::ServerTls;
use crate::transport::{TlsError, read_identity, roots};

/// How connections are accepted as `tls` says, for a server that speaks `protocols`, the best first. A client that offers
/// none, as Vector by default, is taken at its word that it speaks what the server does. Blocks on the disk.
pub(in crate::runner) fn config(
    tls: &ServerTls,
    protocols: &[&str],
) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?;
    let builder = match &tls.ca_file {
        None => builder.with_no_client_auth(),
        Some(ca_file) => {
            let roots = Arc::new(roots(Some(ca_file))?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(TlsError::Clients)?)
        }
    };
    let (chain, key) = read_identity(&tls.crt_file, &tls.key_file)?;
    let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Identity)?;
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(Arc::new(config))
}
