//! Proxies: a tunnel for https, the whole URL for http, and the ways around them.

use std::net::SocketAddr;

use courier_sink::delivery::FailureKind;
use courier_sink::transport::{ProxyUrl, Settings, Transport};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::pki::Authority;
use crate::server::{Server, answer, head, raw};
use crate::{profile, send, settings};

/// `me:pass word`, in the form of RFC 7617
const CREDENTIALS: &str = "Basic bWU6cGFzcyB3b3Jk";

fn url(address: &str) -> ProxyUrl {
    ProxyUrl::new(&format!("http://me:pass%20word@{address}")).unwrap()
}

/// A proxy that tunnels one connection to `target`, whatever it is asked for, and gives the head it was sent.
async fn tunnel(target: SocketAddr) -> (SocketAddr, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        sender.send(head(&mut client).await).unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(target).await.unwrap();
        // Either side may close as it likes.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });
    (address, receiver)
}

fn https(authority: &Authority) -> (Settings, tempfile::NamedTempFile) {
    let ca = authority.file();
    let mut settings = settings("https://courier.test");
    settings.tls.ca_file = Some(ca.path().to_owned());
    (settings, ca)
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_stays_end_to_end() {
    let authority = Authority::new();
    let tls = authority.server("courier.test", &["h2"], None);
    let server = Server::start(Some(tls), |_| answer(200, "{}")).await;
    let (proxy, asked) = tunnel(server.address).await;
    let (mut settings, _ca) = https(&authority);
    settings.proxy.https = Some(url(&proxy.to_string()));
    let transport = Transport::new(&settings).unwrap();
    send(&transport, profile()).await.unwrap();
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("CONNECT courier.test:443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(CREDENTIALS), "{asked}");
    assert!(!asked.to_lowercase().contains("\r\nauthorization:"), "{asked}");
    let seen = &server.seen()[0];
    assert_eq!(seen.version, http::Version::HTTP_2);
    assert!(!seen.headers.contains_key("proxy-authorization"));
}

#[tokio::test]
async fn http_sends_the_proxy_the_whole_url() {
    let proxy = Server::plain(200).await;
    let mut settings = settings("http://courier.test/base");
    settings.proxy.http = Some(url(&proxy.address.to_string()));
    send(&Transport::new(&settings).unwrap(), profile()).await.unwrap();
    let seen = &proxy.seen()[0];
    assert_eq!(seen.uri, "http://courier.test/base/profiles/u%401");
    assert_eq!(seen.headers["host"], "courier.test");
    assert_eq!(seen.headers["proxy-authorization"], CREDENTIALS);
}

#[tokio::test]
async fn a_proxy_may_itself_be_reached_by_tls() {
    let authority = Authority::new();
    let tls = authority.server("127.0.0.1", &["http/1.1"], None);
    let proxy = Server::start(Some(tls), |_| answer(200, "{}")).await;
    let ca = authority.file();
    let mut settings = settings("http://courier.test");
    settings.tls.ca_file = Some(ca.path().to_owned());
    settings.proxy.http = Some(ProxyUrl::new(&format!("https://{}", proxy.address)).unwrap());
    send(&Transport::new(&settings).unwrap(), profile()).await.unwrap();
    assert_eq!(proxy.seen()[0].uri, "http://courier.test/profiles/u%401");
}

#[tokio::test]
async fn a_proxy_is_passed_by_when_it_is_off_or_not_for_this_host_or_scheme() {
    let server = Server::plain(200).await;
    let nowhere = Some(url("127.0.0.1:1"));
    for (enabled, scheme, no_proxy) in [
        (false, "http", vec![]),
        (true, "https", vec![]),
        (true, "http", vec!["example.com".to_owned(), "127.0.0.0/8".to_owned()]),
    ] {
        let mut settings = settings(&server.url());
        settings.proxy.enabled = enabled;
        settings.proxy.no_proxy = no_proxy;
        match scheme {
            "http" => settings.proxy.http = nowhere.clone(),
            _ => settings.proxy.https = nowhere.clone(),
        }
        send(&Transport::new(&settings).unwrap(), profile()).await.unwrap();
    }
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_no_verdict_on_the_event() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let proxy = || async { raw(refusal).await.replace("http://", "") };
    let (mut settings, _ca) = https(&Authority::new());
    settings.proxy.https = Some(url(&proxy().await));
    let transport = Transport::new(&settings).unwrap();
    let failure = send(&transport, profile()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network);
    assert!(failure.detail.contains("proxy authorization required"), "{failure}");
    assert!(!failure.detail.contains("pass"), "{failure}");
    let mut settings = crate::settings("http://courier.test");
    settings.proxy.http = Some(url(&proxy().await));
    let transport = Transport::new(&settings).unwrap();
    let failure = send(&transport, profile()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
}
