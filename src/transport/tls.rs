//! [`Tls`] settings in, rustls configurations out: one towards Courier, one towards an `https` proxy.
//!
//! Reads the certificate files, once. It does not know sockets.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ConfigBuilder};

use super::roots::{certificates, roots, unreadable};
use super::verifier::AnyHost;
use super::{Alpn, Tls};

/// TLS cannot be set up. Nothing of a file's content is repeated.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be opened or read
    #[error("cannot read {}: {}", path.display(), said(*kind))]
    Read {
        /// Which file
        path: PathBuf,
        /// Why not
        kind: io::ErrorKind,
    },
    /// A file is not PEM
    #[error("{} is not valid PEM", .0.display())]
    Pem(PathBuf),
    /// A PEM file holds no certificate
    #[error("{} holds no certificate", .0.display())]
    NoCertificate(PathBuf),
    /// A certificate cannot be an authority's
    #[error("{} holds a certificate that cannot be trusted as an authority: {source}", path.display())]
    Authority {
        /// Which file
        path: PathBuf,
        /// Why not
        source: rustls::Error,
    },
    /// Neither the platform nor `ca_file` has a certificate authority
    #[error(
        "no certificate authority is known: install the platform's (package ca-certificates) or set tls.ca_file"
    )]
    NoRoots,
    /// One of `crt_file` and `key_file` without the other
    #[error("tls.crt_file and tls.key_file must be set together")]
    HalfIdentity,
    /// A client key file without a key that can be used
    #[error("{} holds no private key that can be used; it must not be encrypted", .0.display())]
    NoKey(PathBuf),
    /// Certificate and key do not belong together, or cannot be used
    #[error("tls.crt_file and tls.key_file cannot be used together: {0}")]
    Identity(rustls::Error),
    /// The authorities of clients cannot be used
    #[error("tls.ca_file cannot be used for clients' certificates: {0}")]
    Clients(rustls::server::VerifierBuilderError),
    /// `server_name` cannot be a host's name
    #[error("tls.server_name is neither a host name nor an address")]
    ServerName,
    /// The cryptography offers no protocol version
    #[error("TLS cannot be set up: {0}")]
    Versions(rustls::Error),
}

/// The standard library calls a file that is not there an entity.
fn said(kind: io::ErrorKind) -> String {
    if kind == io::ErrorKind::NotFound { "file not found".to_owned() } else { kind.to_string() }
}

/// What connections are encrypted with.
pub(super) struct Configs {
    /// Towards Courier
    pub(super) courier: Arc<ClientConfig>,
    /// Towards an `https` proxy: verified alike, but told nothing of who we are
    pub(super) proxy: Arc<ClientConfig>,
    /// The name to ask Courier's side for, where it is not the endpoint's host
    pub(super) server_name: Option<ServerName<'static>>,
}

/// Checks `tls` and reads its files. Without `encrypted`, no authority is looked for, as nothing will be encrypted.
pub(super) fn configs(tls: &Tls, encrypted: bool) -> Result<Configs, TlsError> {
    warn(tls);
    let server_name = tls.server_name.as_deref().map(server_name).transpose()?;
    let verified = verified(tls, encrypted)?;
    let mut proxy = verified.clone().with_no_client_auth();
    proxy.alpn_protocols = vec![Alpn::Http11.as_str().into()];
    let mut courier = match identity(tls)? {
        Some((chain, key)) => {
            verified.with_client_auth_cert(chain, key).map_err(TlsError::Identity)?
        }
        None => verified.with_no_client_auth(),
    };
    courier.alpn_protocols = tls
        .alpn_protocols
        .as_deref()
        .unwrap_or(&[Alpn::Http2, Alpn::Http11])
        .iter()
        .map(|protocol| protocol.as_str().into())
        .collect();
    Ok(Configs { courier: courier.into(), proxy: proxy.into(), server_name })
}

fn warn(tls: &Tls) {
    if !tls.verify_certificate {
        tracing::warn!(
            option = "tls.verify_certificate",
            "certificates are not verified: whoever is on the way to Courier can read the API key and every event"
        );
    } else if !tls.verify_hostname {
        tracing::warn!(
            option = "tls.verify_hostname",
            "host names are not verified: the holder of any valid certificate can pose as Courier"
        );
    }
}

fn verified(
    tls: &Tls,
    encrypted: bool,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    let provider: Arc<CryptoProvider> = ring::default_provider().into();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?;
    let roots = match (tls.verify_certificate && encrypted, &tls.ca_file) {
        (true, ca_file) => Some(roots(ca_file.as_deref())?),
        (false, _) => None,
    };
    Ok(match (tls.verify_certificate, tls.verify_hostname, roots) {
        (true, true, roots) => {
            builder.with_root_certificates(roots.unwrap_or_else(|| [].into_iter().collect()))
        }
        (_, _, roots) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyHost { roots, provider })),
    })
}

/// A certificate's chain and key.
pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(tls: &Tls) -> Result<Option<Identity>, TlsError> {
    match (&tls.crt_file, &tls.key_file) {
        (None, None) => Ok(None),
        (Some(crt_file), Some(key_file)) => read_identity(crt_file, key_file).map(Some),
        (Some(_), None) | (None, Some(_)) => Err(TlsError::HalfIdentity),
    }
}

/// The certificates in one PEM file, and the key in another. Reads files and blocks while it does.
pub(crate) fn read_identity(crt_file: &Path, key_file: &Path) -> Result<Identity, TlsError> {
    let chain = certificates(crt_file)?;
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| {
        if matches!(error, rustls::pki_types::pem::Error::NoItemsFound) {
            return TlsError::NoKey(key_file.to_owned());
        }
        unreadable(key_file, &error)
    })?;
    Ok((chain, key))
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName)
}
