//! The certificate authorities trusted: those of a file, else the platform's.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use super::TlsError;

/// The authorities in `ca_file`, else those of the platform (on Linux found as OpenSSL finds them, `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` included). Never none. Reads files and blocks while it does.
pub(crate) fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    if let Some(path) = ca_file {
        for certificate in certificates(path)? {
            store
                .add(certificate)
                .map_err(|source| TlsError::Authority { path: path.to_owned(), source })?;
        }
        return Ok(store);
    }
    let native = rustls_native_certs::load_native_certs();
    let (_, ignored) = store.add_parsable_certificates(native.certs);
    if store.is_empty() {
        return Err(TlsError::NoRoots);
    }
    if ignored > 0 || !native.errors.is_empty() {
        tracing::debug!(
            unreadable_files = native.errors.len(),
            unreadable_certificates = ignored,
            "some of the platform's certificate authorities are not trusted, since they cannot be read"
        );
    }
    Ok(store)
}

/// The certificates in the PEM file at `path`, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, &error))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    Ok(certificates)
}

/// The error for a PEM file that cannot be read. It repeats nothing of the file, which may be a private key.
pub(super) fn unreadable(path: &Path, error: &pem::Error) -> TlsError {
    let path: PathBuf = path.to_owned();
    if let pem::Error::Io(error) = error {
        let kind = error.kind();
        return TlsError::Read { path, kind };
    }
    TlsError::Pem(path)
}
