//! Encryption: whom we trust, who we are, and which HTTP is agreed on.

use courier_sink::delivery::{Failure, FailureKind, Receipt};
use courier_sink::transport::{Alpn, BuildError, Settings, Tls, TlsError, Transport};
use http::Version;

use crate::pki::{Authority, file};
use crate::server::{Server, answer};
use crate::{profile, send, settings};

const BOTH: &[&str] = &["h2", "http/1.1"];

async fn server(tls: std::sync::Arc<tokio_rustls::rustls::ServerConfig>) -> Server {
    Server::start(Some(tls), |_| answer(200, "{}")).await
}

fn trusting(server: &Server, authority: &Authority) -> (Settings, tempfile::NamedTempFile) {
    let ca = authority.file();
    let mut settings = settings(&format!("https://{}", server.address));
    settings.tls.ca_file = Some(ca.path().to_owned());
    (settings, ca)
}

async fn send_with(settings: &Settings) -> Result<Receipt, Failure> {
    send(&Transport::new(settings).unwrap(), profile()).await
}

#[tokio::test]
async fn alpn_decides_between_http_2_and_http_1() {
    let authority = Authority::new();
    let (h2, h11) = (Version::HTTP_2, Version::HTTP_11);
    for (spoken, offered, version) in [
        (BOTH, None, h2),
        (&["http/1.1"], None, h11),
        (&[], None, h11),
        (BOTH, Some(vec![Alpn::Http11]), h11),
        (BOTH, Some(vec![]), h11),
    ] {
        let server = server(authority.server("127.0.0.1", spoken, None)).await;
        let (mut settings, _ca) = trusting(&server, &authority);
        settings.tls.alpn_protocols = offered;
        let transport = Transport::new(&settings).unwrap();
        for _ in 0..2 {
            send(&transport, profile()).await.unwrap();
        }
        let seen = server.seen();
        assert_eq!(seen[0].version, version);
        assert_eq!(seen[1].connection, 0, "{version:?} is not reused");
    }
}

#[tokio::test]
async fn a_server_that_no_known_authority_vouches_for_is_refused() {
    let server = server(Authority::new().server("127.0.0.1", BOTH, None)).await;
    let (mut settings, _ca) = trusting(&server, &Authority::new());
    let failure = send_with(&settings).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network);
    assert!(failure.detail.contains("TLS: invalid peer certificate"), "{failure}");
    settings.tls.verify_hostname = false;
    send_with(&settings).await.unwrap_err();
    assert!(server.seen().is_empty());
    settings.tls.verify_certificate = false;
    send_with(&settings).await.unwrap();
}

#[tokio::test]
async fn a_certificate_must_be_for_the_host_or_for_the_name_asked_for() {
    let authority = Authority::new();
    let server = server(authority.server("courier.test", BOTH, None)).await;
    let (mut settings, _ca) = trusting(&server, &authority);
    let failure = send_with(&settings).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network);
    assert!(server.seen().is_empty());
    settings.tls.verify_hostname = false;
    send_with(&settings).await.unwrap();
    settings.tls.verify_hostname = true;
    settings.tls.server_name = Some("courier.test".to_owned());
    send_with(&settings).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = server(authority.server("127.0.0.1", BOTH, Some(&clients))).await;
    let (mut settings, _ca) = trusting(&server, &authority);
    let failure = send_with(&settings).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network, "{failure}");
    let (certificate, key) = clients.issue("sink");
    let (certificate, key) = (file(&certificate), file(&key));
    settings.tls.crt_file = Some(certificate.path().to_owned());
    settings.tls.key_file = Some(key.path().to_owned());
    send_with(&settings).await.unwrap();
}

#[test]
fn wrong_files_are_named_when_the_transport_is_built() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("sink");
    let (_, foreign) = authority.issue("other");
    let files = [&certificate, &key, &foreign, "no PEM at all"].map(file);
    let [certificate, key, foreign, garbage] =
        files.each_ref().map(|file| Some(file.path().into()));
    let error = |tls: Tls| {
        let mut settings = settings("https://127.0.0.1:1");
        settings.tls = Tls { verify_certificate: tls.ca_file.is_some(), ..tls };
        match Transport::new(&settings).unwrap_err() {
            BuildError::Tls(error) => error,
            other @ BuildError::ConnectTimeout => panic!("{other}"),
        }
    };
    let identity = |crt_file, key_file| Tls { crt_file, key_file, ..Tls::default() };
    let trust = |ca_file| Tls { ca_file, ..Tls::default() };
    assert!(matches!(error(identity(certificate.clone(), None)), TlsError::HalfIdentity));
    assert!(matches!(error(identity(None, key.clone())), TlsError::HalfIdentity));
    assert!(matches!(error(identity(certificate.clone(), foreign)), TlsError::Identity(_)));
    assert!(matches!(error(identity(certificate.clone(), garbage.clone())), TlsError::NoKey(_)));
    assert!(matches!(error(identity(key, certificate)), TlsError::NoCertificate(_)));
    assert!(matches!(error(trust(garbage)), TlsError::NoCertificate(_)));
    let missing = error(trust(Some("/nowhere/ca.pem".into())));
    assert!(missing.to_string().contains("/nowhere/ca.pem"), "{missing}");
    let name = Tls { server_name: Some("not a name".to_owned()), ..Tls::default() };
    assert!(matches!(error(name), TlsError::ServerName));
}
