//! The examples: a Vector that sends by both protocols, and what receives it. Stock Vector is not run; its side is held to
//! what it is known to send.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::GzEncoder;
use tonic::codec::CompressionEncoding::Gzip;

use crate::client::{Client, PUSH};
use crate::encode::logs;
use crate::process::{Running, write};
use crate::rig::track;
use crate::server::Server;

fn example(name: &str) -> String {
    let path = format!("{}/config-examples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn both_sides_name_the_same_addresses() {
    let (vector, ours) = (example("vector.yaml"), example("behind-vector.toml"));
    for (there, here) in [
        ("    address: 127.0.0.1:6000\n", "type = \"vector\"\naddress = \"127.0.0.1:6000\""),
        (
            "    uri: http://127.0.0.1:8080/v1/webhook\n",
            "type = \"http_server\"\naddress = \"127.0.0.1:8080\"",
        ),
    ] {
        assert!(vector.contains(there) && ours.contains(here), "{there}");
    }
}

#[tokio::test]
async fn what_either_protocol_brings_arrives() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let mut text = example("behind-vector.toml");
    for (from, to) in [
        ("/var/lib/courier-sink", "data"),
        ("127.0.0.1:6000", "127.0.0.1:0"),
        ("127.0.0.1:8080", "127.0.0.1:0"),
        ("/etc/courier-sink/api-key", "api-key"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let sink = format!("endpoint = \"{}\"\nproxy.enabled = false\n", server.url);
    write(folder.path(), "config.toml", text + &sink);
    write(folder.path(), "api-key", "pk_test");
    let running = Running::start(folder.path(), &["run", "config.toml"]);
    let addresses: HashMap<_, _> = (0..2)
        .map(|_| {
            let line = running.wait_for("listens for ");
            let part = |name: &str| {
                let rest = line.split(name).nth(1).unwrap();
                rest.split_whitespace().next().unwrap().trim_matches('"').to_owned()
            };
            (part("source="), part("address="))
        })
        .collect();

    let client = Client::connect(&addresses["vector"]).await;
    client.call(PUSH, logs([&track("1"), &track("2")]), Some(Gzip)).await.unwrap();

    // Lines, packed: the `http` sink with `codec: text`.
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    write!(packed, "{}\n{}\n", track("3"), track("4")).unwrap();
    let packed = packed.finish().unwrap();
    let mut stream = TcpStream::connect(&addresses["http"]).unwrap();
    write!(
        stream,
        "POST /v1/webhook HTTP/1.1\r\nhost: {}\r\ncontent-type: text/plain\r\ncontent-encoding: gzip\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        addresses["http"],
        packed.len()
    )
    .unwrap();
    stream.write_all(&packed).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let seen = server.seen(0);
    assert_eq!(seen.iter().filter(|line| line.starts_with("POST")).count(), 4, "{seen:?}");
    drop(client);
    running.terminate();
    let ended = tokio::task::spawn_blocking(move || running.end()).await.unwrap();
    assert_eq!(ended.expect(0).count("delivered"), 4);
}
