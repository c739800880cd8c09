//! Encrypted connections, and who may have one.

use std::io;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower::service_fn;

use crate::client::{Client, endpoint};
use crate::encode::logs;
use crate::pki::{Authority, file};
use crate::rig::{Rig, track};
use crate::server::Server;

/// A client that trusts `authority`, and shows a certificate if given.
async fn connect(
    rig: &Rig,
    authority: &Authority,
    identity: Option<(String, String)>,
    alpn: &[&str],
) -> Result<Client, tonic::transport::Error> {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(authority.file().path()).unwrap();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let connector = TlsConnector::from(Arc::new(config));
    let address = rig.address.clone();
    let connect = service_fn(move |_| {
        let (connector, address) = (connector.clone(), address.clone());
        async move {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("vector.test").unwrap();
            Ok::<_, io::Error>(TokioIo::new(connector.connect(name, stream).await?))
        }
    });
    Ok(Client::over(endpoint(&rig.address).connect_with_connector(connect).await?))
}

#[tokio::test]
async fn connections_are_encrypted_with_and_without_a_protocol_offered() {
    let server = Server::start();
    let authority = Authority::new();
    let (certificate, key) = authority.issue("vector.test");
    let (certificate, key) = (file(&certificate), file(&key));
    let source =
        format!("tls.crt_file = {:?}\ntls.key_file = {:?}", certificate.path(), key.path());
    let rig = Rig::start(&server.url, &source, "mode = \"inbound\"");
    for (id, alpn) in [("1", &["h2"][..]), ("2", &[])] {
        let client = connect(&rig, &authority, None, alpn).await.unwrap();
        client.push(logs([&track(id)])).await.unwrap();
    }
    assert!(connect(&rig, &Authority::new(), None, &[]).await.is_err());
    assert!(connect(&rig, &authority, None, &["http/1.1"]).await.is_err());
    let plain = Client::connect(&rig.address).await;
    assert!(plain.push(logs([&track("3")])).await.is_err());
    assert_eq!(rig.stop().await.0.expect(0).count("delivered"), 2);
}

#[tokio::test]
async fn with_authorities_of_clients_only_those_they_vouch_for_are_served() {
    let server = Server::start();
    let (authority, clients) = (Authority::new(), Authority::new());
    let (certificate, key) = authority.issue("vector.test");
    let (certificate, key, ca) = (file(&certificate), file(&key), clients.file());
    let source = format!(
        "tls.crt_file = {:?}\ntls.key_file = {:?}\ntls.ca_file = {:?}",
        certificate.path(),
        key.path(),
        ca.path()
    );
    let rig = Rig::start(&server.url, &source, "mode = \"inbound\"");
    let known = connect(&rig, &authority, Some(clients.issue("agent")), &[]).await.unwrap();
    known.push(logs([&track("1")])).await.unwrap();
    for unknown in [None, Some(authority.issue("agent"))] {
        // With TLS 1.3 a client hears of it only after its handshake.
        if let Ok(client) = connect(&rig, &authority, unknown, &[]).await {
            assert!(client.push(logs([&track("2")])).await.is_err());
        }
    }
    assert_eq!(rig.stop().await.0.expect(0).count("delivered"), 1);
}

#[test]
fn certificates_that_cannot_be_used_end_the_start() {
    let other = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["vector.test".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let (certificate, key) = (file(&certificate.pem()), file(&other.serialize_pem()));
    for (key, said) in [
        (key.path(), "sources.in: tls.crt_file and tls.key_file cannot be used together"),
        (std::path::Path::new("absent.key"), "sources.in: cannot read absent.key"),
    ] {
        let source = format!(
            "type = \"vector\"\naddress = \"127.0.0.1:0\"\ntls.crt_file = {:?}\ntls.key_file = {key:?}",
            certificate.path()
        );
        let folder = crate::process::folder("", &source, "");
        let ended = crate::process::run(folder.path(), &["run", "config.toml"]);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        assert_ne!(ended.code, 0);
    }
}
