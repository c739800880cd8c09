//! Encrypted connections: one protocol or the other, as the client asks.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};

use crate::client::{Source, folder, track};
use crate::pki::{Authority, file};

/// A connection of a client that trusts `authority` and offers `alpn`.
async fn connect(source: &Source, authority: &Authority, alpn: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(authority.file().path()).expect("it was written");
    roots.add(CertificateDer::from_pem_slice(&pem).expect("it is PEM")).expect("it is one");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("there are some")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(&source.address).await.expect("it listens");
    let name = ServerName::try_from("source.test").expect("it is a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("it is trusted")
}

fn request(id: &str) -> http::Request<Full<Bytes>> {
    let request = http::Request::post("https://source.test/v1/track").header("host", "source.test");
    request.body(Full::new(track("u", id).into())).expect("it is a request")
}

#[tokio::test]
async fn http_1_and_http_2_are_spoken_over_tls_and_nothing_in_clear() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("source.test");
    let (certificate, key) = (file(&certificate), file(&key));
    let options =
        format!("tls.crt_file = {:?}\ntls.key_file = {:?}", certificate.path(), key.path());
    let folder = folder("", &options);
    let source = Source::start(folder.path());
    for (id, alpn) in [("1", &["http/1.1"][..]), ("2", &[])] {
        let io = TokioIo::new(connect(&source, &authority, alpn).await);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(io).await.expect("it speaks HTTP/1.1");
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request(id)).await.expect("it is answered");
        assert_eq!(answer.into_body().collect().await.expect("whole").to_bytes(), "ok");
        drop(sender);
        connection.await.expect("it ends").expect("in order");
    }
    let stream = connect(&source, &authority, &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let io = TokioIo::new(stream);
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .expect("it speaks HTTP/2");
    let connection = tokio::spawn(connection);
    // Several at once on one connection.
    let answers = futures::future::join_all((3..8).map(|id| {
        let mut sender = sender.clone();
        async move {
            let answer = sender.send_request(request(&id.to_string())).await.expect("answered");
            answer.into_body().collect().await.expect("whole").to_bytes()
        }
    }));
    assert!(answers.await.iter().all(|body| body == "ok"));
    // A request in clear text is no handshake.
    let mut clear = source.connect();
    clear.send("POST /v1/track", &[], track("u", "clear"));
    assert!(!clear.is_answered_in_clear());
    let ended = tokio::task::spawn_blocking(|| source.stop()).await.expect("it ends").expect(0);
    assert_eq!(ended.count("delivered"), 7);
    // Told to stop, it ends the connection that idles too.
    drop(sender);
    connection.await.expect("it ends").expect("in order");
}

#[test]
fn certificates_that_cannot_be_read_are_told_before_and_at_the_start() {
    let options = "tls.crt_file = \"absent.crt\"\ntls.key_file = \"absent.key\"";
    let folder = folder("", options);
    let ended = crate::process::run(folder.path(), &["run", "config.toml"]);
    assert!(ended.stderr.contains("sources.in: cannot read absent.crt"), "{}", ended.stderr);
    assert_ne!(ended.code, 0);
    let ended = crate::process::run(folder.path(), &["validate", "config.toml"]).expect(78);
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(said.contains("sources.in.tls.crt_file: cannot read absent.crt"), "{said}");
}
